module github.com/seed-4d65deac/llmstream/integration/eventstream

go 1.24

require (
	github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream v1.7.26
	github.com/seed-4d65deac/llmstream v0.0.0
)

require (
	github.com/aws/smithy-go v1.28.8 // indirect
	github.com/valyala/fastjson v1.6.10 // indirect
)

replace github.com/seed-4d65deac/llmstream => ../..

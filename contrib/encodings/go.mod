module github.com/seed-4d65deac/llmstream/contrib/encodings

go 1.24

require (
	github.com/andybalholm/brotli v1.2.0
	github.com/klauspost/compress v1.18.0
	github.com/seed-4d65deac/llmstream v0.0.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/valyala/fastjson v1.6.10 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
)

replace github.com/seed-4d65deac/llmstream => ../..

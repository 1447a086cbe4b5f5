module github.com/seed-4d65deac/llmstream

go 1.24

require (
	github.com/stretchr/testify v1.12.1
	github.com/valyala/fastjson v1.6.10
	go.yaml.in/yaml/v3 v3.0.6
)

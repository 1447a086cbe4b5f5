module github.com/seed-4d65deac/llmstream

go 1.24

// Whoever requires this module gets at least these versions, so they are the lowest ones
// that work. Testify is for tests; yaml is for the command.
require (
	github.com/stretchr/testify v1.7.2
	github.com/valyala/fastjson v1.6.10
	go.yaml.in/yaml/v3 v3.0.2
)

require (
	github.com/davecgh/go-spew v1.1.0 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

package dialect

// BedrockDecoder is for tests that have yet to move here.
type BedrockDecoder = bedrock

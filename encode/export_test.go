package encode

// ForgetRun makes the next delta take the long way, as the first of a run does.
func (e *Encoder) ForgetRun() { e.run = run{} }

// AppendEscaped is appendEscaped.
func AppendEscaped(dst, text []byte) []byte { return appendEscaped(dst, text) }

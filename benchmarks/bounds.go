package main

// A bound is what this library promises for a figure.
type bound struct {
	workload, contender, what string
	is                        relation
	limit                     float64
}

type relation string

const (
	atMost  relation = "<="
	atLeast relation = ">="
)

// loopsTime is the time of a loop relative to push if push takes 0.7 of the loop's time.
const loopsTime = 1.43

// bounds lists all bounds. Times are ratios, measured pair by pair.
var bounds = [...]bound{
	{longAnswer, push, against(scannerName), atMost, 0.95},
	{eventPerWrite, push, against(scannerName), atMost, 1.5},
	{smallReads, push, against(scannerName), atMost, 1.75},
	{obfuscation, push, against(scannerName), atMost, 1.5},
	{escapesInAll, push, against(scannerName), atMost, 1.75},
	{threeChoices, push, against(scannerName), atMost, 1.4},
	{crlf, push, against(scannerName), atMost, 1.0},
	{longAnswer, push, against(usageOnly), atLeast, 1.4},
	{longAnswer, openAIGo, against(push), atLeast, 300},
	{longAnswer, fastjsonName, against(push), atLeast, 15},
	{longAnswer, encodingJSON, against(push), atLeast, 100},

	{recordedStreams, push, against(scannerName), atMost, 2.8},
	{recordedStreams, openAIGo, against(push), atLeast, 90},
	{recordedStreams, fastjsonName, against(push), atLeast, 4},
	{recordedStreams, encodingJSON, against(push), atLeast, 22},

	{longAnthropic, push, against(scannerName), atMost, 1.5},
	{longResponses, push, against(scannerName), atMost, 1.5},
	{longGemini, push, against(scannerName), atMost, 1.5},
	{longCohere, push, against(scannerName), atMost, 1.5},
	{longOllama, push, against(scannerName), atMost, 1.5},
	{longBedrock, push, against(checksumName), atMost, 1.5},

	{recordedAnthropic, fastjsonName, against(push), atLeast, loopsTime},
	{recordedResponses, fastjsonName, against(push), atLeast, loopsTime},
	{recordedGemini, fastjsonName, against(push), atLeast, loopsTime},
	{recordedInteractions, fastjsonName, against(push), atLeast, loopsTime},
	{recordedCohere, fastjsonName, against(push), atLeast, loopsTime},
	{recordedOllama, fastjsonName, against(push), atLeast, loopsTime},
	{recordedBedrock, fastjsonName, against(push), atLeast, loopsTime},
	{recordedAnthropic, anthropicGo, against(push), atLeast, 50},

	{openStreams, push, aloneTime, atMost, 5},
	{openStreams, push, against(fastjsonName), atMost, 0.25},
	{openStreams, push, heapOpen, atMost, 4 << 10},
	{openStreams, push, heapAnswer, atMost, 8 << 10},
}

// A verdict says whether a bound is kept.
type verdict struct {
	Workload, Contender, What string
	Is                        relation
	Limit, Measured           float64
	Pass                      bool
}

// judge compares the results with the bounds whose figures were measured.
func (r *results) judge() (verdicts []verdict) {
	for _, b := range bounds {
		got, ok := r.value(b.workload, b.contender, b.what)
		if !ok {
			continue
		}
		pass := got <= b.limit
		if b.is == atLeast {
			pass = got >= b.limit
		}
		verdicts = append(verdicts, verdict{b.workload, b.contender, b.what, b.is, b.limit, got, pass})
	}
	return verdicts
}

package decode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// reported returns a Usage of the numbers that are given: input, output, total,
// cached, cache write, reasoning; -1: not reported.
func reported(n ...int64) (u Usage) {
	for i, to := range []*int64{&u.Input, &u.Output, &u.Total, &u.Cached, &u.CacheWrite, &u.Reasoning} {
		if i < len(n) && n[i] >= 0 {
			u.Set(UsageFields(1<<i), to, n[i])
		}
	}
	return u
}

// Contract 8
func TestUsageMerge(t *testing.T) {
	for _, c := range []struct {
		name               string
		older, newer, want Usage
		changed            bool
	}{
		{"first", Usage{}, reported(1, 2, 3), reported(1, 2, 3), true},
		{"what is reported wins", reported(1, 2, 3), reported(4, 5, 9), reported(4, 5, 9), true},
		{"what is not stays", reported(1, 2, 3, 4, 5, 6), reported(-1, 7), reported(1, 7, 3, 4, 5, 6), true},
		{"a zero wins beside a number", reported(1, 2, 3), reported(0, 5), reported(0, 5, 3), true},
		{"nothing but zeros after a real one", reported(1, 2), reported(0, 0, 0), reported(1, 2), false}, // U-05
		{"nothing after a real one", reported(1, 2), Usage{}, reported(1, 2), false},
		{"zeros first", Usage{}, reported(0, 0), reported(0, 0), true},
		{"zeros after zeros", reported(0), reported(-1, 0), reported(0, 0), true},
		{"a real one after zeros", reported(0, 0, 0), reported(1), reported(1, 0, 0), true},
	} {
		u := c.older
		require.Equal(t, c.changed, u.Merge(&c.newer), c.name)
		require.Equal(t, c.want, u, c.name)
	}
}

func TestUsageMergeKeepsWhatIsProven(t *testing.T) {
	u := reported(9, 5, 17, 4, 0, 3)
	u.CachedInInput = TriYes
	newer := reported(10)
	u.Merge(&newer)
	require.Equal(t, TriYes, u.CachedInInput)
	require.Equal(t, TriUnknown, u.ReasoningInOutput) // 10+5+3 is not 17
	newer = reported(9)
	u.Merge(&newer)
	require.Equal(t, TriNo, u.ReasoningInOutput)
	newer = reported(-1, -1, 14)
	newer.CachedInInput = TriNo
	u.Merge(&newer)
	require.Equal(t, TriYes, u.ReasoningInOutput)
	require.Equal(t, TriNo, u.CachedInInput)
	newer = reported(9)
	newer.ReasoningInOutput = TriNo
	u.Merge(&newer)
	require.Equal(t, TriYes, u.ReasoningInOutput) // whatever the report says
	newer = reported(-1, -1, -1, -1, -1, 0)
	newer.Output, newer.Reported = 5, newer.Reported|UsageOutput
	u.Merge(&newer)
	require.Equal(t, TriUnknown, u.ReasoningInOutput) // no reasoning, nothing proven
}

// a later report is laid over an earlier one key by key.
func TestOverlay(t *testing.T) {
	var many []string
	for i := range maxUsageMembers {
		many = append(many, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	hostile := "{" + strings.Join(many, ",") + "}"
	for _, c := range []struct{ older, newer, want string }{
		{``, `{"a":1,"b":null,"c":{"d":null}}`, `{"a":1,"c":{"d":null}}`},
		{`{"a":1,"b":2}`, `{"b":3,"c":4}`, `{"a":1,"b":3,"c":4}`},
		{`{"a":1,"b":2}`, `{"b":null}`, `{"a":1,"b":2}`},
		{`{"a":1}`, `{"a":0}`, `{"a":0}`},
		{`{"a":{"x":[1,{"y":"}"}]},"b":-1.5e3}`, `{"c":"\"}"}`, `{"a":{"x":[1,{"y":"}"}]},"b":-1.5e3,"c":"\"}"}`},
		{`{}`, `{}`, `{}`},
		{`{"a":1}`, hostile, hostile},
	} {
		s := Stream{usageRaw: []byte(c.older)}
		require.Equal(t, c.want, string(s.appendOverlay(nil, []byte(c.newer))))
	}
}

// Reports with ever new names cost what their bytes are worth, and honest ones after them
// are overlaid again.
func TestOverlayIsLinear(t *testing.T) {
	var s Stream
	overlay := func(newer string) string {
		raw := s.appendOverlay(nil, []byte(newer))
		s.usageRaw = raw
		return string(raw)
	}
	longest, work := 0, 0
	for i := range 100_000 {
		raw := overlay(fmt.Sprintf(`{"k%d":1}`, i))
		longest, work = max(longest, len(raw)), work+len(raw)
	}
	require.Greater(t, longest, 1000)
	require.Less(t, work, 100_000*1000)
	overlay(`{"a":1}`)
	require.Contains(t, overlay(`{"b":2}`), `"a":1,"b":2}`)
}

package proof

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// eventLog writes down events and comments, a line each. It is a [CommentHandler].
type eventLog struct {
	lines []string
	fail  func(line string) error
}

func (l *eventLog) HandleEvent(e *llmstream.Event) error {
	line := fmt.Sprintf("%s|%s|%s", e.Type, e.Data, e.ID)
	if e.Retry >= 0 {
		line += fmt.Sprintf("|%d", e.Retry)
	}
	return l.add(line)
}

func (l *eventLog) HandleComment(comment []byte) error { return l.add(":" + string(comment)) }

func (l *eventLog) add(line string) error {
	l.lines = append(l.lines, line)
	if l.fail != nil {
		return l.fail(line)
	}
	return nil
}

// A comment past a limit is counted. It is not shown, and not shown as an empty one.
func TestLongCommentsAreNotShown(t *testing.T) {
	var log eventLog
	p := llmstream.NewParser(llmstream.OpenAIChat, nil, &llmstream.Options{MaxLine: 200, Events: &log})
	p.Write([]byte(":" + strings.Repeat("x", 300) + "\n:short\n\n" + testkit.Whole))
	require.NoError(t, p.Close())
	require.EqualValues(t, 2, p.Outcome().Comments)
	require.Equal(t, ":short", log.lines[0])
	require.Len(t, log.lines, 4)
}

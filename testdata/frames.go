package testdata

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Body returns the body of the response that a recording holds. Binary frames are
// written as text; see Frames.
func Body(name string) ([]byte, error) {
	body, err := fs.ReadFile(FS, name)
	if err != nil || path.Ext(name) != ".frames" {
		return body, err
	}
	body, err = Frames(string(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return body, nil
}

// Frames makes a stream in application/vnd.amazon.eventstream out of its
// description. A line describes a frame:
//
//	event TYPE PAYLOAD        a message of type event
//	chunk JSON                an event of type chunk, which carries JSON as InvokeModel does
//	exception TYPE PAYLOAD    a message of type exception
//	error CODE MESSAGE        a message of type error, which has no payload
//
// Words in front of these change it: "headers" puts a header of every type before
// the others, "damaged" makes the checksum of the frame wrong, and "lost" that of
// its prelude. Beside frames there may be
//
//	hex DIGITS                these bytes
//	cut N                     the last N bytes of what came so far are left out
//
// Empty lines, and lines that begin with "#", say nothing.
func Frames(text string) (stream []byte, err error) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "hex":
			b, err := hex.DecodeString(rest)
			if err != nil {
				return nil, err
			}
			stream = append(stream, b...)
		case "cut":
			n, err := strconv.Atoi(rest)
			if err != nil || n < 0 || n > len(stream) {
				return nil, fmt.Errorf("cannot cut %q", rest)
			}
			stream = stream[:len(stream)-n]
		default:
			if stream, err = appendFrame(stream, line); err != nil {
				return nil, err
			}
		}
	}
	return stream, nil
}

func appendFrame(stream []byte, line string) ([]byte, error) {
	var headers, payload []byte
	damaged, lost := false, false
	for {
		word, rest, _ := strings.Cut(line, " ")
		line = rest
		typ, text, _ := strings.Cut(rest, " ")
		switch word {
		case "headers":
			headers = append(headers, everyHeader...)
			continue
		case "damaged":
			damaged = true
			continue
		case "lost":
			lost = true
			continue
		case "event":
			headers = appendHeaders(headers, ":event-type", typ, ":content-type", "application/json", ":message-type", "event")
			payload = []byte(text)
		case "exception":
			headers = appendHeaders(headers, ":exception-type", typ, ":content-type", "application/json", ":message-type", "exception")
			payload = []byte(text)
		case "error":
			headers = appendHeaders(headers, ":error-code", typ, ":error-message", text, ":message-type", "error")
		case "chunk":
			headers = appendHeaders(headers, ":event-type", "chunk", ":content-type", "application/json", ":message-type", "event")
			payload, _ = json.Marshal(struct {
				Bytes string `json:"bytes"`
				P     string `json:"p"`
			}{base64.StdEncoding.EncodeToString([]byte(rest)), "abcdefghijklmnopqrstuvwxyz"[:1+len(rest)%26]})
		default:
			return nil, fmt.Errorf("%q is no frame", word)
		}
		break
	}
	begin := len(stream)
	stream = binary.BigEndian.AppendUint32(stream, uint32(16+len(headers)+len(payload)))
	stream = binary.BigEndian.AppendUint32(stream, uint32(len(headers)))
	stream = appendChecksum(stream, begin, lost)
	stream = append(append(stream, headers...), payload...)
	return appendChecksum(stream, begin, damaged), nil
}

func appendChecksum(stream []byte, begin int, wrong bool) []byte {
	sum := crc32.ChecksumIEEE(stream[begin:])
	if wrong {
		sum = ^sum
	}
	return binary.BigEndian.AppendUint32(stream, sum)
}

// appendHeaders appends headers whose values are text, given by name and value.
func appendHeaders(b []byte, names ...string) []byte {
	for i := 0; i < len(names); i += 2 {
		name, value := names[i], names[i+1]
		b = append(append(append(b, byte(len(name))), name...), 7)
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(value))), value...)
	}
	return b
}

// everyHeader is a header of each type that there is, and one with no name.
var everyHeader = bytes.Join([][]byte{
	[]byte("\x01t\x00"), []byte("\x01f\x01"),
	[]byte("\x01b\x02\x01"), []byte("\x01s\x03\x00\x01"), []byte("\x01i\x04\x00\x00\x00\x01"),
	[]byte("\x01l\x05\x00\x00\x00\x00\x00\x00\x00\x01"),
	[]byte("\x01B\x06\x00\x03abc"), []byte("\x00\x07\x00\x02no"),
	[]byte("\x01T\x08\x00\x00\x01\x9a\x00\x00\x00\x00"),
	[]byte("\x01u\x090123456789abcdef"),
}, nil)

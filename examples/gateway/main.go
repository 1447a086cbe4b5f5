// Gateway is a reverse proxy with metrics for Prometheus at /metrics: answers by how
// they ended, tokens, the time to the first output, and the gaps between outputs.
//
//	go run ../cmd/llmstream serve -addr 127.0.0.1:8081 -pace 20ms &
//	go run ./gateway -addr 127.0.0.1:8080 -upstream http://127.0.0.1:8081 &
//	curl -N http://127.0.0.1:8080/v1/messages -d '{"stream":true}'
//	curl http://127.0.0.1:8080/metrics
package main

import (
	"flag"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/httptee"
)

// Metrics turns Results into metrics. It is a prometheus.Collector.
type metrics struct {
	answers     *prometheus.CounterVec
	tokens      *prometheus.CounterVec
	firstOutput *prometheus.HistogramVec

	mu   sync.Mutex
	gaps httptee.Histogram // of all answers
}

func newMetrics() *metrics {
	return &metrics{
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "llm_answers_total", Help: "Answers by how they ended.",
		}, []string{"model", "status", "state"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "llm_tokens_total", Help: "Tokens that providers have reported.",
		}, []string{"model", "direction"}),
		firstOutput: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "llm_first_output_seconds", Help: "Time from the request to the first output.",
			Buckets: prometheus.ExponentialBuckets(0.01, 2, 14),
		}, []string{"model"}),
	}
}

// done counts one answer. A model is a label as the upstream names it, so clients cannot make
// up labels unless the upstream repeats what they say.
func (m *metrics) done(_ *http.Request, r *httptee.Result) {
	m.answers.WithLabelValues(r.Model, strconv.Itoa(r.Status), r.Outcome.State.String()).Inc()
	if n, ok := r.Usage.InputTotal(); ok {
		m.tokens.WithLabelValues(r.Model, "input").Add(float64(n))
	}
	if n, ok := r.Usage.OutputTotal(); ok {
		m.tokens.WithLabelValues(r.Model, "output").Add(float64(n))
	}
	if t := r.Timings.FirstOutput; t != httptee.Never {
		m.firstOutput.WithLabelValues(r.Model).Observe(t.Seconds())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gaps.Merge(&r.Timings.Gaps)
}

var gapsDesc = prometheus.NewDesc("llm_output_gap_seconds", "Time between one output and the next.", nil, nil)

func (m *metrics) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, to) }

func (m *metrics) Collect(to chan<- prometheus.Metric) {
	m.answers.Collect(to)
	m.tokens.Collect(to)
	m.firstOutput.Collect(to)
	m.mu.Lock()
	defer m.mu.Unlock()
	buckets := map[float64]uint64{}
	for bound, n := range m.gaps.Buckets() {
		buckets[bound.Seconds()] = n
	}
	to <- prometheus.MustNewConstHistogram(gapsDesc, uint64(m.gaps.N()), m.gaps.Sum.Seconds(), buckets)
}

// gateway returns a handler that passes requests on and serves the metrics.
func gateway(upstream *url.URL) http.Handler {
	m, registry := newMetrics(), prometheus.NewRegistry()
	registry.MustRegister(m)
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		FlushInterval: -1, // pass each event on at once
		Transport: httptee.Transport(nil, &httptee.Options{
			UsageOnly: true, // keep no text
			Done:      m.done,
			Drain:     httptee.Drain{Time: time.Minute}, // count the tokens of clients that left, too
			Filter: func(r *http.Request) bool { // and leave other requests alone
				return llmstream.DetectDialect("", r.URL.Path) != llmstream.Auto
			},
		}),
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("/", httptee.FullDuplex(proxy))
	return mux
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "listen at this `address`")
	upstream := flag.String("upstream", "http://127.0.0.1:8081", "pass requests on to this `URL`")
	flag.Parse()
	to, err := url.Parse(*upstream)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(*addr, gateway(to)))
}

package main

// results has everything that a run has measured. It is written as JSON.
type results struct {
	Machine   machine
	Pairs     int
	Workloads []workloadInfo
	Cells     []cell
	Figures   []figure
	Bounds    []verdict
}

type workloadInfo struct {
	Name, About, Dialect string
	Streams              int
	Events               int
	Bytes                int
}

// A cell has the results of one contender in one workload.
type cell struct {
	Workload, Contender string
	Right, Streams      int    // how many of the streams it has read correctly
	NsPerEvent          spread // of the pairs
	MBPerSecond         float64
	Yardstick           string // the baseline of the workload
	XScanner            spread // the time relative to the yardstick, pair by pair
	AllocsPerEvent      float64
	BytesPerEvent       float64
}

// A figure is another measurement.
type figure struct {
	Workload, Contender, What string
	Value                     spread
}

// against returns the name of the figure that compares with another contender.
func against(contender string) string { return "time against " + contender }

// value returns a figure, which may be a member of a cell.
func (r *results) value(workload, contender, what string) (float64, bool) {
	for _, f := range r.Figures {
		if f.Workload == workload && f.Contender == contender && f.What == what {
			return f.Value.Median, true
		}
	}
	if c := r.cell(workload, contender); c != nil && what == against(c.Yardstick) {
		return c.XScanner.Median, true
	}
	return 0, false
}

func (r *results) cell(workload, contender string) *cell {
	for i := range r.Cells {
		if c := &r.Cells[i]; c.Workload == workload && c.Contender == contender {
			return c
		}
	}
	return nil
}

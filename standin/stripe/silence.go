package stripe

import (
	"encoding/binary"
	"fmt"
)

// silenced says whether this event is one that never comes to be, and counts it off.
func (c *change) silenced(kind string) (bool, error) {
	bucket := c.bucket(bucketSilences)
	raw := bucket.Get([]byte(kind))
	if raw == nil {
		return false, nil
	}
	left := binary.BigEndian.Uint64(raw) - 1
	if left == 0 {
		if err := bucket.Delete([]byte(kind)); err != nil {
			return false, fmt.Errorf("ending a silence: %w", err)
		}
		return true, nil
	}
	if err := bucket.Put([]byte(kind), binary.BigEndian.AppendUint64(nil, left)); err != nil {
		return false, fmt.Errorf("counting a silence: %w", err)
	}
	return true, nil
}

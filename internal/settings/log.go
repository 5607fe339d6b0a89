package settings

import (
	"log/slog"
	"reflect"
	"time"
)

// LogValue returns the settings for the one line that is logged at start:
// values by the names of their settings, and of secrets only whether they are
// set, as <name>Configured.
func (s Settings) LogValue() slog.Value {
	var attrs []slog.Attr
	values := reflect.ValueOf(s)
	for _, f := range Fields() {
		value := values.Field(f.index)
		duration, timed := reflect.TypeAssert[time.Duration](value)
		switch {
		case f.Secret:
			attrs = append(attrs, slog.Bool(f.Name+"Configured", !value.IsZero()))
		case timed:
			// As JSON it would be a number of nanoseconds.
			attrs = append(attrs, slog.String(f.Name, duration.String()))
		default:
			attrs = append(attrs, slog.Any(f.Name, value.Interface()))
		}
	}
	attrs = append(attrs, slog.String("mode", s.Mode()), slog.Int("webhookSecrets", len(s.StripeWebhookSecrets)))
	return slog.GroupValue(attrs...)
}

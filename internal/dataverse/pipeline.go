package dataverse

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"paybridge/internal/throttle"
)

// policyFunc is a pipeline policy without state.
type policyFunc func(*policy.Request) (*http.Response, error)

// Do runs the policy.
func (f policyFunc) Do(req *policy.Request) (*http.Response, error) { return f(req) }

// newPipeline puts the policies together. From the outside in: azcore's
// repeats, one more attempt with a fresh token after a 401, the token, the log
// line, the transport.
func newPipeline(origin string, cred azcore.TokenCredential, plainHTTP bool, o Options, gate *throttle.Gate) runtime.Pipeline {
	token := runtime.NewBearerTokenPolicy(credential{cred}, []string{origin + "/.default"},
		&policy.BearerTokenOptions{InsecureAllowCredentialWithHTTP: plainHTTP})
	return runtime.NewPipeline("dataverse", "v9.2",
		runtime.PipelineOptions{
			PerCall:  []policy.Policy{commonHeaders(o.UserAgent)},
			PerRetry: []policy.Policy{policyFunc(reauthenticate), token, observe(o.Logger)},
		},
		&policy.ClientOptions{
			Transport: newTransport(o.Transport, gate),
			Telemetry: policy.TelemetryOptions{Disabled: true},
		})
}

// commonHeaders sets what every request to the Web API carries. Accept-Encoding
// is left to net/http, which then unpacks gzip by itself.
func commonHeaders(userAgent string) policy.Policy {
	return policyFunc(func(req *policy.Request) (*http.Response, error) {
		h := req.Raw().Header
		h.Set("Accept", "application/json")
		h.Set("OData-MaxVersion", "4.0")
		h.Set("OData-Version", "4.0")
		h.Set("User-Agent", userAgent)
		return req.Next()
	})
}

// reauthenticate sends a request a second time after a 401. The policy below
// it has dropped the token by then and gets a new one. This is independent of
// the repeats: a token that is refused twice will not do the third time.
func reauthenticate(req *policy.Request) (*http.Response, error) {
	resp, err := req.Clone(req.Raw().Context()).Next()
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	if err := req.RewindBody(); err != nil {
		return resp, err
	}
	runtime.Drain(resp)
	return req.Next()
}

// observe logs each attempt. The path is logged without its query, which may
// hold a customer's data.
func observe(logger *slog.Logger) policy.Policy {
	return policyFunc(func(req *policy.Request) (*http.Response, error) {
		ctx, start := req.Raw().Context(), time.Now()
		resp, err := req.Next()
		attrs := []slog.Attr{
			slog.String("method", req.Raw().Method),
			slog.String("path", req.Raw().URL.Path),
			slog.Duration("took", time.Since(start)),
		}
		if err != nil {
			logger.LogAttrs(ctx, slog.LevelWarn, "dataverse: an attempt got no answer", append(attrs, slog.String("error", oneLine(err.Error(), maxMessage)))...)
			return resp, err
		}
		level := slog.LevelDebug
		if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 {
			level = slog.LevelWarn
		}
		logger.LogAttrs(ctx, level, "dataverse: an attempt was answered", append(attrs,
			slog.Int("status", resp.StatusCode),
			slog.String("request_id", requestID(resp.Header)),
			slog.String("requests_left", oneLine(resp.Header.Get("x-ms-ratelimit-burst-remaining-xrm-requests"), 20)))...)
		return resp, nil
	})
}

// credential turns what a credential says went wrong into a short error.
type credential struct{ inner azcore.TokenCredential }

// GetToken gets a token from the wrapped credential.
func (c credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.inner.GetToken(ctx, o)
	if err != nil {
		return azcore.AccessToken{}, &TokenError{err: err}
	}
	return token, nil
}

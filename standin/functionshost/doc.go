// Package functionshost stands in for the Azure Functions host, so that an app
// with a custom handler runs on a machine without Azure, Core Tools or .NET:
// the same host.json, function.json folders, process and protocol.
//
// What it imitates, as observed on host 4.1037: how host.json and app settings
// are read and %SETTING% is resolved; how the handler is started, polled,
// restarted, given up and killed (package worker); routes, methods and keys;
// the JSON protocol with its double encoding, body rules and metadata that a
// body can overwrite; request forwarding and proxying; what becomes of a value
// on its way to an output binding, including the text System.Byte[] and
// reprinted numbers and dates (package newtonsoft); peek-lock triggers with
// cardinality one and many over package servicebus; timers (package ncrontab).
//
// What it does not imitate: scale-out and leases, Application Insights and
// tracing, extension bundles, connections (a binding's connection is never
// looked at, all queues are those of Config.Queues), other triggers and
// bindings, topics and sessions, retry policies, dynamic concurrency, the
// health monitor, Key Vault references, custom routes in host.json, prefetch
// and minimum batch sizes. The handler gets its own process group, so Ctrl-C in a
// terminal does not reach it before the host kills it, as it does with Core
// Tools.
package functionshost

package doctor_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/cmd/paybridge/doctor"
	"paybridge/cmd/paybridge/queues"
	"paybridge/internal/crm"
	"paybridge/standin/dataverse"
	"paybridge/standin/servicebus"
	"paybridge/standin/servicebus/management"
)

// Each way to break the CRM or a queue is found, as TestBroken says.
func TestBrokenCRM(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]breakage{
		"column missing": {
			func(r *rig) {
				r.tables(func(all []dataverse.Table) { all[0].Columns = without(all[0].Columns, "pb_request") })
			},
			doctor.Problem, "dataverse", "pb_payment.pb_request is not there", "run paybridge setup dataverse",
		},
		"choice off by one": {
			func(r *rig) {
				r.tables(func(all []dataverse.Table) {
					for i := range all[0].Columns {
						if c := &all[0].Columns[i]; c.LogicalName == "pb_status" {
							c.Options[len(c.Options)-1].Value++
						}
					}
				})
			},
			doctor.Problem, "dataverse", "choice pb_payment.pb_status has no value", "run paybridge setup dataverse",
		},
		"key missing": {
			func(r *rig) { r.tables(func(all []dataverse.Table) { all[0].Keys = all[0].Keys[:1] }) },
			doctor.Problem, "dataverse", "alternate key pb_payment.", "run paybridge setup dataverse",
		},
		"key not active yet": {
			func(r *rig) {
				r.environment(func(c *dataverse.Config) {
					c.Tables[0].Keys[0].Status, c.Metadata.KeyPolls = dataverse.KeyPending, 1000
				})
			},
			doctor.Problem, "dataverse", "is not active yet: its index is ", "wait a few minutes",
		},
		"key failed": {
			func(r *rig) {
				r.tables(func(all []dataverse.Table) { all[0].Keys[0].Status = dataverse.KeyFailed })
			},
			doctor.Problem, "dataverse", "failed: rows have the same pb_paymentintentid", "empty pb_paymentintentid in all but one",
		},
		"another environment": {
			func(r *rig) { r.environment(func(c *dataverse.Config) { c.Tables = nil }) },
			doctor.Problem, "dataverse", "table pb_payment is not there", "run paybridge setup dataverse",
		},
		"environment whose steps are not there": {
			func(r *rig) { r.tables(func([]dataverse.Table) {}) },
			doctor.Problem, "dataverse", "there is none called PayBridge", "run paybridge setup dataverse",
		},
		"user without the role": {
			func(r *rig) { r.sign(nil) },
			doctor.Problem, "dataverse", "it may not Read, Write and AppendTo all rows of pb_payment", "the security role PayBridge",
		},
		"user disabled": {
			func(r *rig) { r.sign(map[string]any{"isdisabled": true}) },
			doctor.Problem, "dataverse", "is disabled", "activate it in the Power Platform admin center",
		},
		"app's user disabled": {
			func(r *rig) {
				r.send(http.MethodPatch, "systemusers("+r.id("systemuser", "applicationid", dataverse.ApplicationID())+")", map[string]any{"isdisabled": true})
			},
			doctor.Problem, "dataverse", "asking Dataverse who is calling: Dataverse answered 403", "is a user of that environment",
		},
		"application not known": {
			func(r *rig) { delete(r.values, "AZURE_CLIENT_ID") },
			doctor.Skipped, "dataverse", "do not say which application the app is", "IDENTITY_CLIENT_ID",
		},
		"caller without the role": {
			func(r *rig) {
				delete(r.values, "AZURE_CLIENT_ID")
				r.tables(func([]dataverse.Table) {})
			},
			doctor.Problem, "dataverse", "as whom you are signed in here, may not Read, Write and AppendTo all rows of pb_payment", "the security role PayBridge",
		},
		"operator may not look": {
			func(r *rig) {
				r.send(http.MethodPatch, "systemusers("+r.id("systemuser", "fullname", "Ann")+")", map[string]any{"isdisabled": true})
			},
			doctor.Skipped, "dataverse", "may not look at it", "sign in with az login as a System Administrator",
		},
		"no currency": {
			func(r *rig) {
				for _, row := range r.rows("transactioncurrency") {
					r.send(http.MethodPatch, "transactioncurrencies("+row.ID+")", map[string]any{"statecode": 1, "statuscode": 2})
				}
			},
			doctor.Warning, "dataverse", "no active currency", "add those that you are paid in",
		},
		"two service endpoints": {
			func(r *rig) {
				r.send(http.MethodPost, "serviceendpoints", map[string]any{
					"name": "PayBridge", "url": "https://other.example/api/crm/webhook", "contract": 8, "authtype": 4, "authvalue": "hunter2",
				})
			},
			doctor.Warning, "dataverse", "there are 2 called PayBridge", "delete all but one",
		},
		"service endpoint without a key": {
			func(r *rig) {
				r.send(http.MethodPatch, "serviceendpoints("+r.id("serviceendpoint", "name", "PayBridge")+")", map[string]any{"authtype": 5, "authvalue": "{}"})
			},
			doctor.Problem, "dataverse", "it sends no function key", "PAYBRIDGE_FUNCTION_KEY",
		},
		"step twice": {
			func(r *rig) {
				of := r.found("sdkmessageprocessingstep", "name", "Update").Values
				copied := map[string]any{"name": "by hand", "stage": 40, "mode": 1, "asyncautodelete": true, "rank": 1, "supporteddeployment": 0, "filteringattributes": of["filteringattributes"]}
				for column, set := range map[string]string{"sdkmessageid": "sdkmessages", "sdkmessagefilterid": "sdkmessagefilters", "eventhandler": "serviceendpoints"} {
					navigation := strings.Replace(column, "eventhandler", "eventhandler_serviceendpoint", 1)
					copied[navigation+"@odata.bind"] = "/" + set + "(" + of[column].(dataverse.Ref).ID + ")"
				}
				r.send(http.MethodPost, "sdkmessageprocessingsteps", copied)
			},
			doctor.Warning, "dataverse", "it is registered 2 times", "delete all but one",
		},
		"mapped table missing": {
			func(r *rig) {
				r.invoices(func([]dataverse.Table) {})
				r.environment(func(c *dataverse.Config) { c.Tables = c.Tables[1:] })
			},
			doctor.Problem, "dataverse", "table contoso_invoice is not there", "correct the mapping file",
		},
		"mapped column missing": {
			func(r *rig) {
				r.invoices(func(all []dataverse.Table) { all[0].Columns = without(all[0].Columns, "contoso_receipt") })
			},
			doctor.Problem, "dataverse", "contoso_invoice.contoso_receipt is not there", "correct the mapping file",
		},
		"mapped choice off by one": {
			func(r *rig) {
				r.invoices(func(all []dataverse.Table) {
					for i := range all[0].Columns {
						if c := &all[0].Columns[i]; c.LogicalName == "contoso_request" {
							c.Options[1].Value = 7
						}
					}
				})
			},
			doctor.Problem, "dataverse", "choice contoso_invoice.contoso_request has no value 100000001", "correct the mapping file",
		},
		"mapped key missing": {
			func(r *rig) { r.invoices(func(all []dataverse.Table) { all[0].Keys = all[0].Keys[1:] }) },
			doctor.Problem, "dataverse", "has no alternate key that is active", "make an alternate key on this column alone",
		},
		"no application user": {
			func(r *rig) { r.values["AZURE_CLIENT_ID"] = "11111111-2222-3333-4444-555555555555" },
			doctor.Problem, "dataverse", "no user for the application", "--client-id",
		},
		"step disabled": {
			func(r *rig) {
				r.send(http.MethodPatch, r.step("Create"), map[string]any{"statecode": 1, "statuscode": 2})
			},
			doctor.Problem, "dataverse", "it is disabled", "run paybridge setup dataverse",
		},
		"filter too wide": {
			func(r *rig) {
				r.send(http.MethodPatch, r.step("Update"), map[string]any{"filteringattributes": strings.Join(crm.PaymentMapping().Asks(), ",") + ",pb_status"})
			},
			doctor.Problem, "dataverse", "listens to pb_status as well", "run paybridge setup dataverse",
		},
		"no filter": {
			func(r *rig) { r.send(http.MethodPatch, r.step("Update"), map[string]any{"filteringattributes": nil}) },
			doctor.Problem, "dataverse", "listens to all columns", "run paybridge setup dataverse",
		},
		"step missing": {
			func(r *rig) { r.send(http.MethodDelete, r.step("Update"), nil) },
			doctor.Problem, "dataverse", "it is not registered", "run paybridge setup dataverse",
		},
		"posts elsewhere": {
			func(r *rig) {
				r.send(http.MethodPatch, "serviceendpoints("+r.id("serviceendpoint", "name", "PayBridge")+")", map[string]any{"url": "https://other.example/api/crm/webhook"})
			},
			doctor.Problem, "dataverse", "it posts to https://other.example/api/crm/webhook", "run paybridge setup dataverse",
		},
		"dead letters": {
			func(r *rig) { r.queues.dead = make([]queues.DeadLetter, 3) },
			doctor.Warning, "queues", "dead letters, at least 3", "paybridge deadletters list",
		},
		"backlog": {
			func(r *rig) { r.queues.waiting = queues.WaitingLimit },
			doctor.Warning, "queues", "1000 messages or more", "the app runs",
		},
		"queue that does not answer": {
			func(r *rig) { r.queues.err = http.ErrServerClosed },
			doctor.Problem, "queues", http.ErrServerClosed.Error(), "the queue are there",
		},
		"queue missing": {
			func(r *rig) { r.values["PaymentEventsQueue"] = "payments" },
			doctor.Problem, "queues", "has no queue payments", "let PaymentEventsQueue name the one that is there",
		},
		"lock too short": {
			func(r *rig) { r.queue(func(p *servicebus.QueueProperties) { p.LockDuration = time.Minute }) },
			doctor.Problem, "queues", "its lock lasts 1m0s and not 5m0s", "azd up",
		},
		"too few deliveries": {
			func(r *rig) { r.queue(func(p *servicebus.QueueProperties) { p.MaxDeliveryCount = 10 }) },
			doctor.Problem, "queues", "gives a message up after 10 deliveries and not 100", "azd up",
		},
		"expired messages dropped": {
			func(r *rig) { r.queue(func(p *servicebus.QueueProperties) { p.DeadLetteringOnExpiration = false }) },
			doctor.Problem, "queues", "drops what has expired", "azd up",
		},
		"queue with sessions": {
			func(r *rig) {
				r.azure(management.Config{Change: func(q *management.Queue) { q.RequiresSession = true }})
			},
			doctor.Problem, "queues", "it has sessions", "delete it and run azd up",
		},
		"queue switched off": {
			func(r *rig) {
				r.azure(management.Config{Change: func(q *management.Queue) { q.Status = "ReceiveDisabled" }})
			},
			doctor.Problem, "queues", "its status is ReceiveDisabled", "azd up",
		},
		"queue that only is slow": {
			func(r *rig) {
				r.azure(management.Config{Change: func(q *management.Queue) { q.EnableBatchedOperations = false }})
			},
			doctor.Warning, "queues", "stores each message by itself", "azd up",
		},
		"operator may not manage the namespace": {
			func(r *rig) { r.azure(management.Config{Strangers: []string{"user:Ann"}}) },
			doctor.Skipped, "queues", "they cannot be seen from here", "Azure Service Bus Data Owner",
		},
	} {
		t.Run(name, c.isFound)
	}
}

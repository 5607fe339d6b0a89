package advice_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imperatives begin the last sentence of what a person is told: what to do.
var imperatives = []string{
	"Add", "Answer", "Ask", "Change", "Check", "Choose", "Clear", "Correct", "Enter", "Give", "Look", "Lower", "Map", "Pay", "Raise", "Refund",
	"Remove", "Restore", "Round", "Set", "Shorten", "Split", "This is a fault of PayBridge: report it", "To give the money back, set",
	"To stop the payment, set", "Update", "Wait",
}

// endsWithRemedy reports whether a text ends with a sentence that says what to
// do.
func endsWithRemedy(text string) bool {
	text, full := strings.CutSuffix(text, ".")
	last := strings.TrimSpace(text[strings.LastIndex(text, ". ")+1:])
	return full && slices.ContainsFunc(imperatives, func(verb string) bool { return strings.HasPrefix(last, verb) })
}

// told finds in a file the formats of all that a person may be told: the texts
// of refusals, disagreements and errors for review.
func told(file *ast.File) (formats []*ast.BasicLit) {
	literal := func(e ast.Expr) {
		if call, ok := e.(*ast.CallExpr); ok && len(call.Args) > 0 {
			e = call.Args[0] // fmt.Sprintf
		}
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			formats = append(formats, lit)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			switch called := name(n.Fun); {
			case called == "Reviewf", called == "refuse" && file.Name.Name == "payment":
				literal(n.Args[0])
			case called == "amountError":
				literal(n.Args[1])
			}
		case *ast.CompositeLit:
			if kind := name(n.Type); kind != "Refusal" && kind != "Disagreement" {
				return true
			}
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && name(kv.Key) == "Reason" {
					literal(kv.Value)
				}
			}
		case *ast.FuncDecl:
			if strings.HasSuffix(n.Name.Name, "Reason") && n.Body != nil {
				if r, ok := n.Body.List[len(n.Body.List)-1].(*ast.ReturnStmt); ok {
					literal(r.Results[0])
				}
			}
		}
		return true
	})
	return formats
}

// name is the last name of an expression such as outcome.Reviewf.
func name(e ast.Node) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	default:
		return ""
	}
}

// TestEverySentenceSaysWhatToDo reads the sentences out of the code, so that a
// new one is looked at as well.
func TestEverySentenceSaysWhatToDo(t *testing.T) {
	n := 0
	for _, root := range []string{"../../functions", "../../internal"} {
		err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, filepath.Join(root, path), nil, 0)
			if err != nil {
				return err
			}
			for _, lit := range told(file) {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					return err
				}
				n++
				// What is put in at the end says by itself what to do.
				if !strings.HasSuffix(text, "%w") && !strings.HasSuffix(text, "%s") && !endsWithRemedy(text) {
					t.Errorf("%s: %q does not end with what to do", set.Position(lit.Pos()), text)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 40 {
		t.Errorf("only %d sentences were found", n)
	}
}

package bicep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// eval evaluates an expression in which the local names are known as well.
func (t *template) eval(e Expr, local map[string]any) any {
	switch e := e.(type) {
	case nil, Null:
		return nil
	case Number:
		return int64(e)
	case Bool:
		return bool(e)
	case Text:
		return t.text(e, local)
	case *Text:
		return t.text(*e, local)
	case *Object:
		all := map[string]any{}
		for _, p := range e.Properties {
			if p.Resource != nil {
				continue
			}
			name := t.text(p.Name, local)
			if _, twice := all[name]; twice {
				t.fail(p.Line, "%s is there twice", name)
			}
			all[name] = t.eval(p.Value, local)
		}
		return all
	case *Array:
		all := []any{}
		for _, item := range e.Items {
			all = append(all, t.eval(item, local))
		}
		return all
	case *For:
		all := []any{}
		for i, item := range t.list(e.In, local) {
			all = append(all, t.eval(e.Body, with(local, e.Item, item, e.Index, i)))
		}
		return all
	case *Name:
		if value, ok := local[e.Name]; ok {
			return value
		}
		return t.value(e.Name, e.Line)
	case *Member:
		return t.member(t.eval(e.Of, local), e.Name)
	case *Index:
		return t.index(t.eval(e.Of, local), t.eval(e.Key, local))
	case *Call:
		return t.call(e, local)
	case *Operation:
		return t.operation(e, local)
	default:
		t.fail(0, "%T cannot be evaluated here", e)
		return nil
	}
}

func (t *template) text(e Text, local map[string]any) string {
	var all strings.Builder
	for _, part := range e.Parts {
		if literal, ok := part.(Literal); ok {
			all.WriteString(string(literal))
		} else {
			all.WriteString(written(t.eval(part, local)))
		}
	}
	return all.String()
}

func (t *template) member(of any, name string) any {
	switch of := of.(type) {
	case map[string]any:
		value, ok := of[name]
		if !ok {
			t.fail(0, "there is no %s", name)
		}
		return value
	case later:
		return of + later("."+name)
	case *resource:
		if inner, ok := of.nested[name]; ok {
			return inner
		}
		switch name {
		case "id":
			return of.id
		case "name":
			return of.name[strings.LastIndex(of.name, "/")+1:]
		}
		return later(of.id + "." + name)
	default:
		t.fail(0, "%v has no %s", of, name)
		return nil
	}
}

func (t *template) index(of, key any) any {
	if i, ok := key.(int64); ok {
		if list, ok := of.([]any); ok && i < int64(len(list)) {
			return list[i]
		}
	}
	return t.member(of, written(key))
}

// call calls one of the functions that [Check] knows.
func (t *template) call(e *Call, local map[string]any) any {
	var args []any
	var texts []string
	for _, arg := range e.Args {
		value := t.eval(arg, local)
		args, texts = append(args, value), append(texts, written(value))
	}
	switch e.Name {
	case "concat":
		all := []any{}
		for _, arg := range args {
			list, _ := arg.([]any)
			all = append(all, list...)
		}
		return all
	case "union":
		all := map[string]any{}
		for _, arg := range args {
			object, _ := arg.(map[string]any)
			maps.Copy(all, object)
		}
		return all
	case "empty":
		switch arg := settled(args[0]).(type) {
		case []any:
			return len(arg) == 0
		case map[string]any:
			return len(arg) == 0
		default:
			return arg == nil || arg == ""
		}
	case "int":
		n, err := strconv.ParseInt(texts[0], 10, 64)
		if err != nil {
			t.fail(e.Line, "%q is no number", texts[0])
		}
		return n
	case "string":
		text, err := json.Marshal(settled(args[0]))
		if err != nil {
			t.fail(e.Line, "%v", err)
		}
		return string(text)
	case "toLower":
		return strings.ToLower(texts[0])
	case "loadTextContent":
		content, err := os.ReadFile(filepath.Join(filepath.Dir(t.file.Path), texts[0]))
		if err != nil {
			t.fail(e.Line, "%v", err)
		}
		return string(content)
	case "uniqueString":
		sum := sha256.Sum256([]byte(strings.Join(texts, "\n")))
		return hex.EncodeToString(sum[:])[:13] // As long as Azure's.
	case "subscriptionResourceId":
		return strings.Join(texts, "/")
	case "guid", "resourceGroup", "subscription", "tenant":
		return later(e.Name + "(" + strings.Join(texts, ", ") + ")")
	default:
		t.fail(e.Line, "the function %s is not known", e.Name)
		return nil
	}
}

func (t *template) operation(e *Operation, local map[string]any) any {
	first := t.eval(e.Operands[0], local)
	operand := func(i int) any { return t.eval(e.Operands[i], local) }
	switch e.Operator {
	case "?:":
		if first == true {
			return operand(1)
		}
		return operand(2)
	case "!":
		return first != true
	case "&&":
		return first == true && operand(1) == true
	case "||":
		return first == true || operand(1) == true
	case "==":
		return first == operand(1)
	case ">":
		left, isNumber := first.(int64)
		right, areNumbers := operand(1).(int64)
		return isNumber && areNumbers && left > right
	default:
		t.fail(0, "the operator %s cannot be evaluated here", e.Operator)
		return nil
	}
}

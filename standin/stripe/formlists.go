package stripe

import (
	"slices"
	"strconv"
	"strings"
)

// items are the members of an array in their order, whether written as a[]=, a[0]= or a[0][b]=.
func (f *form) items(name string) []*form {
	node := f.at(name)
	node.read = true
	items := make([]*form, 0, len(node.order))
	for i, key := range node.order {
		if n, err := strconv.Atoi(key); err != nil || n < 0 {
			f.fail(invalid("", node.path, "Invalid array"))
			return nil
		}
		items = append(items, node.kids[node.order[i]])
	}
	slices.SortStableFunc(items, func(a, b *form) int { return index(a.path) - index(b.path) })
	return items
}

func index(path string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(path[strings.LastIndexByte(path, '[')+1:], "]"))
	if err != nil {
		return 0
	}
	return n
}

// texts reads an array of strings.
func (f *form) texts(name string) []string {
	items := f.items(name)
	values := make([]string, 0, len(items))
	for _, item := range items {
		item.read = true
		values = append(values, item.value)
	}
	return values
}

package crm

import (
	"context"
	"errors"
	"fmt"

	"paybridge/internal/dataverse"
)

// Bookmark is how far a sweep over everything has come. It is kept in the CRM,
// because the app has no other memory that outlives it.
type Bookmark struct {
	// Name is which bookmark it is, of letters, digits, hyphens and underscores.
	Name string
	// Place is what the sweep wrote down, empty when there is none yet.
	Place string

	// etag is the version that was read, empty for a new one.
	etag string
}

// The table of the bookmarks.
const (
	bookmarkSet   = "pb_bookmarks"
	bookmarkName  = "pb_name"
	bookmarkPlace = "pb_place"
	// maxBookmark is the longest place, in characters.
	maxBookmark = 10_000
)

// bookmarks is the table of the bookmarks.
func bookmarks() Table {
	return Table{
		Name: "pb_bookmark", SchemaName: "pb_Bookmark", SetName: bookmarkSet,
		Label: "PayBridge bookmark", PluralLabel: "PayBridge bookmarks",
		PrimaryID: "pb_bookmarkid", PrimaryName: bookmarkName,
		Columns: []Column{
			{Name: bookmarkName, SchemaName: "pb_Name", Label: "Name", Type: String, MaxLength: 100},
			{Name: bookmarkPlace, SchemaName: "pb_Place", Label: "Place", Type: Memo, MaxLength: maxBookmark},
		},
		Keys: []Key{
			{Name: "pb_bookmarknamekey", SchemaName: "pb_BookmarkNameKey", Label: "Name", Columns: []string{bookmarkName}},
		},
	}
}

// Bookmark reads a bookmark. One that was never written is empty.
func (s *Store) Bookmark(ctx context.Context, name string) (Bookmark, error) {
	mark := Bookmark{Name: name}
	key, err := dataverse.AlternateKey(bookmarkName, name)
	if err != nil {
		return mark, fmt.Errorf("reading the bookmark: %w", err)
	}
	row, err := s.client.Get(ctx, bookmarkSet, key, &dataverse.Query{Select: []string{bookmarkPlace}})
	if dataverse.IsNotFound(err) {
		return mark, nil
	}
	if err != nil {
		return mark, fmt.Errorf("reading the bookmark: %w", err)
	}
	mark.etag = row.ETag
	mark.Place, err = row.String(bookmarkPlace)
	return mark, err
}

// SaveBookmark writes a bookmark. It returns ErrChanged when somebody else
// moved it after it was read; nothing was written then.
func (s *Store) SaveBookmark(ctx context.Context, mark Bookmark) error {
	if n := len(mark.Place); n > maxBookmark {
		return fmt.Errorf("writing the bookmark: it has %d bytes, more than %d", n, maxBookmark)
	}
	key, err := dataverse.AlternateKey(bookmarkName, mark.Name)
	if err != nil {
		return fmt.Errorf("writing the bookmark: %w", err)
	}
	operation := dataverse.Operation{
		Method: dataverse.Upsert, Set: bookmarkSet, Key: key, Values: dataverse.Values{bookmarkPlace: mark.Place},
		Options: dataverse.WriteOptions{Condition: dataverse.IfAbsent()},
	}
	if mark.etag != "" {
		operation.Method, operation.Options.Condition = dataverse.Update, dataverse.IfMatch(mark.etag)
	}
	_, err = s.client.Write(ctx, operation)
	if dataverse.IsConcurrencyConflict(err) || dataverse.IsDuplicate(err) || dataverse.IsNotFound(err) {
		err = errors.Join(ErrChanged, err)
	}
	if err != nil {
		return fmt.Errorf("writing the bookmark: %w", err)
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"reflect"
	"sort"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

func judge(kinds map[gvk]*kind, document map[string]any) []finding {
	k, known := kinds[idOf(document)]
	if !known {
		return []finding{{Path: "kind", Message: fmt.Sprintf("no CRD for %s", idOf(document))}}
	}
	findings := k.unknownFields(document)
	findings = append(findings, fromErrors(metadata(document))...)
	defaulted := runtime.DeepCopyJSON(document)
	defaulting.Default(defaulted, k.structural)
	findings = append(findings, addedInLists("", document, defaulted, false)...)
	return append(findings, fromErrors(k.errors(defaulted))...)
}

// unknownFields lists what the server would drop without a word.
func (k *kind) unknownFields(document map[string]any) []finding {
	options := schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	unknown := pruning.PruneWithOptions(runtime.DeepCopyJSON(document), k.structural, true, options)
	sort.Strings(unknown)
	var findings []finding
	for _, path := range unknown {
		findings = append(findings, finding{Path: path, Message: "unknown field"})
	}
	return findings
}

// errors expects a document with defaults, as the server judges it.
func (k *kind) errors(document map[string]any) field.ErrorList {
	errors := validation.ValidateCustomResource(nil, document, k.openapi)
	errors = append(errors, listtype.ValidateListSetsAndMaps(nil, k.structural, document)...)
	errors = append(errors, objectmeta.Validate(nil, document, k.structural, true)...)
	if k.cel != nil {
		broken, _ := k.cel.Validate(context.Background(), nil, k.structural, document, nil, celconfig.RuntimeCELCostBudget)
		errors = append(errors, broken...)
	}
	return errors
}

func metadata(document map[string]any) field.ErrorList {
	path := field.NewPath("metadata")
	options := objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true}
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(document, options)
	if err != nil {
		return field.ErrorList{field.Invalid(path, "", err.Error())}
	}
	if !found {
		return field.ErrorList{field.Required(path, "")}
	}
	// Whether a namespace is given is the overlay's business: the base must not name one.
	errors := apivalidation.ValidateObjectMeta(meta, meta.Namespace != "", apivalidation.NameIsDNSSubdomain, path)
	for _, name := range unknown {
		errors = append(errors, field.Forbidden(field.NewPath(name), "unknown field"))
	}
	return errors
}

func fromErrors(errors field.ErrorList) []finding {
	findings := make([]finding, 0, len(errors))
	for _, err := range errors {
		findings = append(findings, finding{Path: err.Field, Message: err.ErrorBody()})
	}
	return findings
}

// addedInLists compares a document with its defaulted copy and reports what is new below a list.
func addedInLists(path string, before, after any, inList bool) []finding {
	switch after := after.(type) {
	case map[string]any:
		before, _ := before.(map[string]any)
		return addedToObject(path, before, after, inList)
	case []any:
		before, _ := before.([]any)
		return addedToItems(path, before, after)
	}
	return nil
}

func addedToObject(path string, before, after map[string]any, inList bool) []finding {
	keys := reflect.ValueOf(after).MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	var findings []finding
	for _, key := range keys {
		name := key.String()
		value, given := before[name]
		if !given && inList {
			message := fmt.Sprintf("the API server would add %q: %v inside a list, which never stops to differ from git", name, after[name])
			findings = append(findings, finding{Path: path, Message: message})
			continue
		}
		findings = append(findings, addedInLists(join(path, name), value, after[name], inList)...)
	}
	return findings
}

func addedToItems(path string, before, after []any) []finding {
	var findings []finding
	for i := range min(len(before), len(after)) {
		findings = append(findings, addedInLists(fmt.Sprintf("%s[%d]", path, i), before[i], after[i], true)...)
	}
	return findings
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

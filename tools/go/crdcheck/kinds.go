package main

import (
	"fmt"
	"os"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

type gvk struct{ group, version, kind string }

func (id gvk) String() string {
	return fmt.Sprintf("%s/%s %s", id.group, id.version, id.kind)
}

// kind is one version of one CRD, ready to judge documents.
type kind struct {
	structural *schema.Structural
	openapi    validation.SchemaValidator
	cel        *cel.Validator // nil without rules
	rules      int
}

func readKinds(files []string) (map[gvk]*kind, error) {
	kinds := map[gvk]*kind{}
	for _, file := range files {
		if err := readKind(kinds, file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return kinds, nil
}

func readKind(kinds map[gvk]*kind, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &crd); err != nil {
		return err
	}
	for _, version := range crd.Spec.Versions {
		k, err := compile(version.Schema.OpenAPIV3Schema)
		if err != nil {
			return err
		}
		kinds[gvk{crd.Spec.Group, version.Name, crd.Spec.Names.Kind}] = k
	}
	return nil
}

func compile(props *apiextensionsv1.JSONSchemaProps) (*kind, error) {
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(props, &internal, nil); err != nil {
		return nil, err
	}
	structural, err := schema.NewStructural(&internal)
	if err != nil {
		return nil, err
	}
	openapi, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		return nil, err
	}
	rules := cel.NewValidator(structural, true, celconfig.PerCallLimit)
	return &kind{structural: structural, openapi: openapi, cel: rules, rules: countRules(structural)}, nil
}

func countRules(s *schema.Structural) int {
	if s == nil {
		return 0
	}
	count := len(s.XValidations) + countRules(s.Items)
	for _, property := range s.Properties {
		count += countRules(&property)
	}
	if s.AdditionalProperties != nil {
		count += countRules(s.AdditionalProperties.Structural)
	}
	return count
}

func idOf(document map[string]any) gvk {
	apiVersion, _ := document["apiVersion"].(string)
	name, _ := document["kind"].(string)
	group, version, found := strings.Cut(apiVersion, "/")
	if !found {
		group, version = "", apiVersion
	}
	return gvk{group, version, name}
}

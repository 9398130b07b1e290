package plugin

import (
	"context"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// completeInputs sets the region and all tags of a resource before its check, where upstream's interceptors
// would set them after it, and the engine would not see them (pulumi/pulumi-aws, provider/region.go and tags.go).
// Types of the plugin framework refuse a value for what upstream computes, which all tags are in its source.
func completeInputs(provider tfbridge.ProviderInfo, isClassic func(name string) bool) {
	for name, declared := range provider.Resources {
		schema := provider.P.ResourcesMap().Get(name).Schema()
		region, hasRegion := schema.GetOk("region")
		hasRegion = hasRegion && region.Optional() && region.Deprecated() == ""
		tags, hasTags := schema.GetOk("tags")
		_, hasAllTags := schema.GetOk("tags_all")
		hasTags = hasTags && hasAllTags && tags.Optional() && isClassic(name)
		declared.PreCheckCallback = func(
			_ context.Context, inputs, configuration resource.PropertyMap,
		) (resource.PropertyMap, error) {
			inputs = inputs.Copy()
			if given, ok := inputs["region"]; hasRegion && (!ok || given.IsNull()) {
				if configured, ok := configuration["region"]; ok {
					inputs["region"] = configured
				}
			}
			if hasTags {
				inputs["tagsAll"] = allTags(inputs["tags"], configuration)
			}
			return inputs, nil
		}
	}
}

// allTags returns a resource's own tags with the provider's default tags.
func allTags(own resource.PropertyValue, configuration resource.PropertyMap) resource.PropertyValue {
	if own.ContainsUnknowns() || resource.NewObjectProperty(configuration).ContainsUnknowns() {
		return resource.NewOutputProperty(resource.Output{Known: false})
	}
	all := resource.PropertyMap{}
	merge := func(tags resource.PropertyValue) {
		if tags.IsObject() {
			for key, value := range tags.ObjectValue() {
				all[key] = value
			}
		}
	}
	if defaults := configuration["defaultTags"]; defaults.IsObject() {
		merge(defaults.ObjectValue()["tags"])
	}
	merge(own)
	return resource.NewObjectProperty(all)
}

// Package plugin is the upstream AWS provider behind Pulumi's bridge, with the types that the stand-in serves.
package plugin

import (
	"context"
	_ "embed" // for the files that build.py writes
	"encoding/json"

	"github.com/hashicorp/terraform-provider-aws/shim"
	muxed "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// Package is the name of the plugin's package.
const Package = "aws"

// Schema is the schema of the plugin's package; empty until cmd/schema has run.
//
//go:embed schema.json
var Schema []byte

//go:embed bridge-metadata.json
var metadata []byte

//go:embed served.json
var servedJSON []byte

// served is what the plugin serves: its version, and upstream's name of each type by Pulumi's token.
type served struct {
	Version   string            `json:"version"`
	Resources map[string]string `json:"resources"`
	Functions map[string]string `json:"functions"`
}

// Provider returns the declaration that Pulumi's bridge makes a plugin of.
func Provider() tfbridge.ProviderInfo {
	ctx := context.Background()
	var types served
	if err := json.Unmarshal(servedJSON, &types); err != nil {
		panic(err)
	}
	classic, modern, err := shim.New(ctx)
	if err != nil {
		panic(err)
	}
	upstream := muxed.MuxShimWithPF(ctx, sdkv2.NewProvider(classic,
		sdkv2.WithDiffStrategy(sdkv2.PlanState),
		sdkv2.WithPlanResourceChange(func(string) bool { return true }),
	), modern)
	provider := tfbridge.ProviderInfo{
		P:              upstream,
		Name:           Package,
		Version:        types.Version,
		ResourcePrefix: Package,
		IgnoreMappings: othersThan(types, upstream),
		MetadataInfo:   tfbridge.NewProviderMetadata(metadata),
		Resources:      map[string]*tfbridge.ResourceInfo{},
		DataSources:    map[string]*tfbridge.DataSourceInfo{},
	}
	for token, name := range types.Resources {
		provider.Resources[name] = &tfbridge.ResourceInfo{Tok: tokens.Type(token)}
	}
	for token, name := range types.Functions {
		provider.DataSources[name] = &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(token)}
	}
	declare(provider.Resources)
	completeInputs(provider, func(name string) bool { return classic.ResourcesMap[name] != nil })
	provider.SetAutonaming(255, "-")
	return provider
}

// othersThan returns upstream's types that are not served.
func othersThan(types served, upstream bridge.Provider) []string {
	wanted := map[string]bool{}
	for _, names := range []map[string]string{types.Resources, types.Functions} {
		for _, name := range names {
			wanted[name] = true
		}
	}
	var others []string
	for _, all := range []bridge.ResourceMap{upstream.ResourcesMap(), upstream.DataSourcesMap()} {
		all.Range(func(name string, _ bridge.Resource) bool {
			if !wanted[name] {
				others = append(others, name)
			}
			return true
		})
	}
	return others
}

// Package shim opens what is internal in the upstream provider. It is compiled as a part of it.
package shim

import (
	"context"

	framework "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-provider-aws/internal"
	newer "github.com/hashicorp/terraform-provider-aws/internal/provider/framework"
	"github.com/hashicorp/terraform-provider-aws/internal/provider/sdkv2"
)

// New returns the two parts of the provider: resource types of the plugin SDK, and of the plugin framework.
func New(ctx context.Context) (*schema.Provider, framework.Provider, error) {
	internal.RegisterSmarterrFS()
	classic, err := sdkv2.NewProvider(ctx)
	if err != nil {
		return nil, nil, err
	}
	modern, err := newer.NewProvider(ctx, classic)
	return classic, modern, err
}

package schema

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
)

// GenerateResourceConfig is in the protocol that the provider speaks, and not yet in Pulumi's fork of the SDK.
// The bridge does not call it.
func (*GRPCProviderServer) GenerateResourceConfig(
	context.Context, *tfprotov5.GenerateResourceConfigRequest,
) (*tfprotov5.GenerateResourceConfigResponse, error) {
	return &tfprotov5.GenerateResourceConfigResponse{}, nil
}

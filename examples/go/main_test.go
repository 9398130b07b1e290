package main

import (
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// registered keeps what each resource is registered with.
type registered struct {
	sync.Mutex
	inputs map[string]resource.PropertyMap
}

func (r *registered) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.Lock()
	defer r.Unlock()
	r.inputs[args.TypeToken+" "+args.Name] = args.Inputs
	return args.Name + "-id", args.Inputs, nil
}

func (*registered) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{}, nil
}

func TestThePasswordAndTheGroupReachTheStack(t *testing.T) {
	seen := &registered{inputs: map[string]resource.PropertyMap{}}
	err := pulumi.RunErr(shop, pulumi.WithMocks("shop", "dev", seen), func(info *pulumi.RunInfo) {
		info.Config = map[string]string{"shop:gitlabUrl": "https://gitlab.example.com", "shop:partnerPassword": "correct horse"}
	})
	if err != nil {
		t.Fatal(err)
	}
	inputs := seen.inputs["gitlab-runner:index:RunnerStack ci"]
	partner := inputs["registries"].ObjectValue()["partner"].ObjectValue()["static"].ObjectValue()
	if password := partner["password"]; !password.IsSecret() || password.SecretValue().Element.StringValue() != "correct horse" {
		t.Errorf("the password is %v", password)
	}
	shop := inputs["runners"].ObjectValue()["shop"].ObjectValue()
	if shop["group"].StringValue() != "shop-id" {
		t.Errorf("the group is %v", shop["group"])
	}
}

"""Components over pulumi_aws, in folders by what they are about; beside these, what several of them use."""

package account

// Block is what [Registrar] needs of the provider block that an identity belongs to:
// the block with the name of the identity's provider that accepts its issuer, else
// the first that accepts its issuer.
type Block struct {
	Name                     string
	State                    string // config.StateActive, config.StateDraining or config.StateDisabled
	TrustsEmail, TrustsPhone bool   // whether the provider is trusted to have verified them
}

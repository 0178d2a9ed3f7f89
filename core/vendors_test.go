package core_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// vendor is what an issuer documents about its tokens: the claims except the
// registered ones, and values that an application looks for.
type vendor struct {
	page     string // of the documentation
	claims   string
	wants    map[string]string
	email    string // "" if there is none
	verified bool   // as a boolean
	methods  string // of amr
}

var vendors = map[string]vendor{
	"Keycloak": {
		page: "keycloak.org/docs/latest/server_admin: Protocol mappers, Role mappings",
		claims: `{"auth_time":1795341000,"jti":"onrtac:0f3a","typ":"ID","azp":"app","sid":"b2d7c3b8","acr":"1","email_verified":true,
			"realm_access":{"roles":["offline_access","uma_authorization","editor"]},
			"resource_access":{"account":{"roles":["manage-account","view-profile"]},"my.app/api":{"roles":["writer"]}},
			"groups":["/staff","/staff/payroll"],"scope":"openid profile email","preferred_username":"ada","email":"ada@example.com"}`,
		wants: map[string]string{
			"/realm_access/roles": "editor", "/resource_access/account/roles": "view-profile", "/resource_access/my.app~1api/roles": "writer",
			"groups": "/staff/payroll", "scope": "profile", "acr": "1", "email_verified": "true",
		},
		email: "ada@example.com", verified: true,
	},
	"Auth0": {
		page: "auth0.com/docs: Create Custom Claims; Sample Use Cases: Scopes and Claims",
		claims: `{"nickname":"ada","name":"Ada","email":"ada@example.com","email_verified":true,"updated_at":"2026-11-22T09:59:00.000Z","sid":"x",
			"https://app.example/roles":["editor","billing:admin"],"https://app.example/app_metadata":{"plan":{"tier":"gold","seats":5}},
			"org_id":"org_9ybsU1dN2dKfDkBi","permissions":["read:reports","write:reports"],"amr":["mfa"]}`,
		wants: map[string]string{
			"https://app.example/roles": "billing:admin", "/https:~1~1app.example~1roles/0": "editor",
			"/https:~1~1app.example~1app_metadata/plan/tier": "gold", "/https:~1~1app.example~1app_metadata/plan/seats": "5",
			"org_id": "org_9ybsU1dN2dKfDkBi", "permissions": "read:reports",
		},
		email: "ada@example.com", verified: true, methods: "mfa",
	},
	"Okta": {
		page: "developer.okta.com/docs/reference/api/oidc: ID token payload; Customize tokens with a groups claim",
		claims: `{"ver":1,"jti":"ID.4eAWJOCMB3SX8XewDfVR","auth_time":1795345100,"idp":"00ok1u7AsAkrwdZL3z0P","amr":["mfa","otp","pwd"],
			"email":"ada@example.com","email_verified":true,"preferred_username":"ada@example.com","groups":["Everyone","Admins"],
			"acr":"urn:okta:loa:2fa:any"}`,
		wants: map[string]string{"groups": "Admins", "ver": "1", "acr": "urn:okta:loa:2fa:any", "amr": "otp", "/amr/2": "pwd", "idp": "00ok1u7AsAkrwdZL3z0P"},
		email: "ada@example.com", verified: true, methods: "mfa otp pwd",
	},
	"Entra": {
		page: "Microsoft identity platform: id-token-claims-reference; optional-claims-reference",
		claims: `{"ver":"2.0","tid":"72f988bf-86f1-41af-91ab-2d7cd011db47","oid":"690222be-ff1a-4d56-abd1-7e4f7d38e474","preferred_username":"ada@example.com",
			"email":"ada@example.com","xms_edov":true,"roles":["Reports.Read","Admin"],"wids":["62e90394-69f5-4237-9190-012177145e10"],
			"groups":["0f8fad5b-d9cb-469f-a165-70867728950e"],"acct":0,"acrs":["p1","urn:user:registersecurityinfo"],
			"_claim_names":{"groups":"src1"},"_claim_sources":{"src1":{"endpoint":"https://graph.example/getMemberObjects"}}}`,
		wants: map[string]string{
			"roles": "Admin", "groups": "0f8fad5b-d9cb-469f-a165-70867728950e", "wids": "62e90394-69f5-4237-9190-012177145e10", "ver": "2.0",
			"tid": "72f988bf-86f1-41af-91ab-2d7cd011db47", "acct": "0", "xms_edov": "true", "acrs": "p1", "/_claim_names/groups": "src1",
		},
		email: "ada@example.com",
	},
	"Cognito": {
		page: "docs.aws.amazon.com/cognito/latest/developerguide: Understanding the identity (ID) token",
		claims: `{"origin_jti":"64f513be","cognito:groups":["test-group-a","test-group-b"],"cognito:roles":["arn:aws:iam::111122223333:role/r"],
			"cognito:preferred_role":"arn:aws:iam::111122223333:role/r","cognito:username":"ada","custom:tenant":"acme","token_use":"id",
			"auth_time":1795345100,"email":"ada@example.com","email_verified":true,
			"identities":[{"userId":"amzn1.account.X","providerName":"LoginWithAmazon","primary":"true","dateCreated":"1642699117273"}]}`,
		wants: map[string]string{
			"cognito:groups": "test-group-b", "cognito:preferred_role": "arn:aws:iam::111122223333:role/r", "custom:tenant": "acme", "token_use": "id",
			"/identities/0/providerName": "LoginWithAmazon", "/cognito:groups/0": "test-group-a",
		},
		email: "ada@example.com", verified: true,
	},
	"Clerk": {
		page: "clerk.com/docs/guides/sessions/session-tokens: default claims of versions 1 and 2",
		claims: `{"v":2,"sid":"sess_2zM","sts":"active","fva":[10,-1],"pla":"o:pro","fea":"o:dashboard,o:impersonation",
			"o":{"id":"org_2aZ","slg":"acme","rol":"admin","per":"manage,read","fpm":"3,2"},
			"org_role":"org:admin","org_permissions":["org:sys_memberships:read","org:reports:read"],"primary_email":"ada@example.com"}`,
		wants: map[string]string{
			"/o/rol": "admin", "/o/slg": "acme", "org_role": "org:admin", "org_permissions": "org:reports:read", "/fva/0": "10", "fva": "-1", "v": "2",
		},
	},
	"Firebase": {
		page: "firebase.google.com/docs/auth/admin/verify-id-tokens; custom-claims",
		claims: `{"name":"Ada","admin":true,"accessLevel":9,"auth_time":1795345100,"user_id":"u1","email":"ada@example.com","email_verified":true,
			"firebase":{"identities":{"google.com":["1023"],"email":["ada@example.com"]},"sign_in_provider":"google.com","tenant":"acme"}}`,
		wants: map[string]string{
			"admin": "true", "accessLevel": "9", "/firebase/sign_in_provider": "google.com", "/firebase/tenant": "acme",
			"/firebase/identities/google.com": "1023", "/firebase/identities/email/0": "ada@example.com",
		},
		email: "ada@example.com", verified: true,
	},
	"Supabase": {
		page: "supabase.com/docs/guides/auth/jwt-fields",
		claims: `{"role":"authenticated","aal":"aal1","session_id":"c1a2","email":"ada@example.com","phone":"","is_anonymous":false,
			"app_metadata":{"provider":"email","providers":["email","google"],"roles":["editor"]},
			"user_metadata":{"email_verified":true,"full_name":"Ada"},"amr":[{"method":"totp","timestamp":1795345150},{"method":"password","timestamp":1795345100}]}`,
		wants: map[string]string{
			"role": "authenticated", "aal": "aal1", "/app_metadata/roles": "editor", "/app_metadata/providers": "google", "is_anonymous": "false",
			"/amr/1/method": "password", "/amr/1/timestamp": "1795345100",
		},
		email: "ada@example.com", methods: "totp password",
	},
	"Google": {
		page: "developers.google.com/identity/openid-connect: An ID token's payload",
		claims: `{"azp":"app","at_hash":null,"hd":"example.com","email":"ada@example.com","email_verified":true,"name":"Ada","picture":"https://x.example/p.png",
			"given_name":"Ada","family_name":"Lovelace"}`,
		wants: map[string]string{"hd": "example.com", "email_verified": "true", "/given_name": "Ada"},
		email: "ada@example.com", verified: true,
	},
	"Apple": {
		page: "developer.apple.com/documentation/signinwithapple/authenticating-users-with-sign-in-with-apple",
		claims: `{"nonce_supported":true,"email":"x7@privaterelay.appleid.com","email_verified":"true","is_private_email":"true","real_user_status":2,
			"auth_time":1795345100,"transfer_sub":"t1"}`,
		wants: map[string]string{"email_verified": "true", "is_private_email": "true", "real_user_status": "2", "nonce_supported": "true"},
		email: "x7@privaterelay.appleid.com",
	},
	"GitHub Actions": {
		page: "docs.github.com/actions: OpenID Connect reference, OIDC token claims",
		claims: `{"environment":"prod","ref":"refs/heads/main","repository":"octo-org/octo-repo","repository_owner":"octo-org","repository_id":"74",
			"actor":"octocat","workflow":"example-workflow","run_attempt":"2","run_number":"10","event_name":"workflow_dispatch","ref_type":"branch",
			"repository_visibility":"private","job_workflow_ref":"octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main","runner_environment":"github-hosted"}`,
		wants: map[string]string{
			"repository": "octo-org/octo-repo", "ref": "refs/heads/main", "environment": "prod", "run_attempt": "2",
			"job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
		},
	},
}

// edits returns the changes of a token to one of the vendor.
func (v vendor) edits(t *testing.T) []providertest.Edit {
	t.Helper()
	var claims map[string]json.RawMessage
	if err := json.Unmarshal([]byte(v.claims), &claims); err != nil {
		t.Fatal(err)
	}
	edits := []providertest.Edit{providertest.Claim("email", nil), providertest.Claim("email_verified", nil), providertest.Claim("auth_time", nil)}
	for name, value := range claims {
		if name == "azp" {
			value = json.RawMessage(text(t, providertest.Audience))
		}
		if string(value) != "null" {
			edits = append(edits, providertest.Claim(name, value))
		}
	}
	return edits
}

// names returns the names and pointers of the claims that are looked for.
func (v vendor) names() []string {
	var names []string
	for name := range v.wants {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestClaims_Vendors reaches the documented claims of issuers in required_claims,
// in own sessions, in guards, and by Claims.Get.
//
// Cases: T14, T15, T16, T20.
func TestClaims_Vendors(t *testing.T) {
	t.Parallel()
	for name, v := range vendors {
		for _, strategy := range strategies {
			t.Run(name+" "+strategy, func(t *testing.T) {
				t.Parallel()
				h := newOIDCHarness(t, strategy, v.names(), v.wants)
				v.checkUser(t, h.postIDToken(t, v.edits(t)...))
				token := h.signInOIDC(t, v.edits(t)...)
				v.checkGuards(t, h, token)
				v.checkGet(t, h, token)
				v.checkWithout(t, h, strategy)
			})
		}
	}
}

func (v vendor) checkUser(t *testing.T, r core.Response) {
	t.Helper()
	var body struct {
		User struct {
			Email         *string `json:"email"`
			EmailVerified bool    `json:"email_verified"`
		}
		Session struct {
			AuthMethod string `json:"auth_method"`
		}
	}
	decode(t, r, &body)
	email := ""
	if body.User.Email != nil {
		email = *body.User.Email
	}
	if r.Status != 201 || email != v.email || body.User.EmailVerified != v.verified || body.Session.AuthMethod != v.methods {
		t.Errorf("got %d %s, want email %q, verified %t, method %q", r.Status, r.Body, v.email, v.verified, v.methods)
	}
}

func (v vendor) checkGuards(t *testing.T, h *harness, token string) {
	t.Helper()
	h.admits(t, core.Guard{Claims: v.wants}, token, "")
	for name, want := range v.wants {
		h.admits(t, core.Guard{Claims: map[string]string{name: want + "x"}}, token, "insufficient_scope")
	}
}

// checkGet compares the claims of the caller with those in the document.
func (v vendor) checkGet(t *testing.T, h *harness, token string) {
	t.Helper()
	ctx, refusal := h.authorize(t, core.Guard{}, token)
	if refusal != nil {
		t.Fatalf("refused: %s", refusal.Body)
	}
	caller, _ := core.PrincipalFromContext(ctx)
	var claims map[string]any
	if err := json.Unmarshal([]byte(v.claims), &claims); err != nil {
		t.Fatal(err)
	}
	for name := range v.wants {
		got := caller.Claims.Get(name)
		if got == nil {
			t.Errorf("Get(%q) is nil", name)
		}
		if want, isPlain := claims[name]; isPlain && text(t, got) != text(t, want) {
			t.Errorf("Get(%q) is %v, want %v", name, got, want)
		}
	}
	if got := caller.Claims.Get("/missing/claim"); got != nil {
		t.Errorf("a missing claim is %v", got)
	}
}

// checkWithout posts tokens that lack what is required.
func (v vendor) checkWithout(t *testing.T, h *harness, strategy string) {
	t.Helper()
	bare := []providertest.Edit{providertest.Claim("email", nil), providertest.Claim("email_verified", nil)}
	is(t, h.postIDToken(t, bare...), 401, "invalid_token")
	if strategy == config.StrategyProviderToken {
		h.admits(t, core.Guard{}, h.issuer.OIDCToken(ada, bare...), "invalid_token")
	}
	if len(v.wants) == 0 || v.page == "" {
		t.Error("nothing is checked")
	}
}

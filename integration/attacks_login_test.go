package integration_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// loginAttacks are the attacks on the identity of the caller.
var loginAttacks = map[string]attack{
	"L01": {run: emailOfAnotherUser, stored: true},
	"L02": {run: userIDOfAnotherUser, stored: true},
	"L03": {run: applicationMembers, stored: true},
	"L04": {run: loginsWithoutTokens},
	"L05": {run: invalidSecondTokens},
	"L06": {run: tokensOfTwoUsers},
	"L08": {run: sharedEmail, stored: true},
	"L09": {run: sharedEmailAtAnotherProvider, stored: true},
	"L12": {run: unverifiedEmails},
	"L13": {run: malformedEmails, stored: true},
	"L14": {run: emailLetterCases, stored: true},
	"L16": {run: phoneSpellings, stored: true},
	"L17": {run: phoneAsEmail, stored: true},
	"L18": distinctSubjects("abc", "ABC", "Abc", "\uff41bc"),
	"L19": {run: subjectsWithSpaces, stored: true},
	"L20": distinctSubjects("caf\u00e9", "cafe\u0301", "cafe", "caf\u200d\u00e9", "\U0001f600", "\U0001f608", "stra\u00dfe", "strasse"),
	"L21": forgedUnregistered(eachClaim("sub", `"u\ud800"`, `"u\ud801"`, `"\udc00"`, `"\udc00\ud800"`)),
	"L23": {run: longSubjects, stored: true},
	"L24": {run: subjectAtTwoProviders, stored: true},
	"L25": {run: renamedProvider, stored: true},
	"L28": {run: emailOfVictim, stored: true},
	"L29": {run: disabledUsers, stored: true},
	"L30": {run: deletedUsers, stored: true},
	"L31": {run: closedRegistration, stored: true},
	"L32": {run: loginReplacesSession, stored: true},
}

// contact is the part of the response to a login about the user.
type contact struct {
	ID            string  `json:"id"`
	Identifier    string  `json:"identifier"`
	Email         *string `json:"email"`
	EmailVerified bool    `json:"email_verified"`
	Phone         *string `json:"phone"`
	PhoneVerified bool    `json:"phone_verified"`
}

// logsIn posts a payload, which must be accepted, and returns the user.
func (p *program) logsIn(t *testing.T, payload map[string]any) contact {
	t.Helper()
	a := p.login(t, payload)
	p.signedIn(t, a)
	var body struct {
		User contact `json:"user"`
	}
	a.decode(t, &body)
	return body.User
}

// hinting adds unverified members of a front end.
func hinting(payload map[string]any, members map[string]any) map[string]any {
	payload = maps.Clone(payload)
	maps.Copy(payload, members)
	return payload
}

func emailOfAnotherUser(t *testing.T, s *scene) {
	p, victim, mallory := s.start(t, ownSession), uniqueEmail(t, "victim"), uniqueEmail(t, "mallory")
	p.signIn(t, s.issuer(), victim)
	before := p.database.dump(t)
	payload := posted(s.issuer().AccessToken(mallory))
	forged := hinting(payload, map[string]any{"email": victim})
	p.refused(t, providertest.SubjectOf(mallory), forged, http.StatusBadRequest, "identity_mismatch")
	if p.database.dump(t) != before {
		t.Error("the tables have changed")
	}
	if got := p.logsIn(t, payload); textOf(got.Email) != mallory {
		t.Errorf("mallory is %+v", got)
	}
}

func userIDOfAnotherUser(t *testing.T, s *scene) {
	p, victim, mallory := s.start(t, ownSession), uniqueEmail(t, "victim"), uniqueEmail(t, "mallory")
	theirs := p.logsIn(t, posted(s.issuer().AccessToken(victim)))
	before := p.database.dump(t)
	payload := posted(s.issuer().AccessToken(mallory))
	for _, hint := range []map[string]any{
		{"ID": providertest.SubjectOf(victim)},
		{"identifier": victim},
		{"issuer": "another"},
		{"ID": ""},
		{"ID": theirs.ID},
		{"ID": providertest.SubjectOf(mallory), "identifier": victim},
	} {
		p.refused(t, providertest.SubjectOf(mallory), hinting(payload, map[string]any{"user": hint}), http.StatusBadRequest, "identity_mismatch")
	}
	if p.database.dump(t) != before {
		t.Error("the tables have changed")
	}
	got := p.logsIn(t, hinting(payload, map[string]any{"user": map[string]any{"client_user_id": providertest.SubjectOf(victim)}}))
	if got.ID == theirs.ID || textOf(got.Email) != mallory {
		t.Errorf("mallory is %+v", got)
	}
}

func applicationMembers(t *testing.T, s *scene) {
	p, person := s.start(t, ownSession), uniqueEmail(t, "mallory")
	wanted := map[string]any{
		"role": "forged-admin", "is_admin": true, "user_id": "forged-id", "created_at": "1999-09-09T09:09:09Z",
		"email_verified": true, "created": true,
		"auth_method": "forged-method", "claims": map[string]any{"role": "forged-admin"},
	}
	payload := hinting(posted(s.issuer().AccessToken(person, providertest.Claim("authentication_method", nil))), wanted)
	payload["user"] = changed(wanted, map[string]any{"identifier": person})
	payload["oauth_token"].(map[string]any)["auth_method"] = "forged-method"
	got := p.logsIn(t, payload)
	if got.EmailVerified {
		t.Errorf("mallory is %+v", got)
	}
	// This is another spelling of a known member.
	p.refused(t, providertest.SubjectOf(person), hinting(payload, map[string]any{"id": "forged-id"}), http.StatusBadRequest, "invalid_request")
	if dump := p.database.dump(t); strings.Contains(dump, "forged") || !strings.Contains(dump, person) {
		t.Errorf("the tables contain members of the body:\n%s", dump)
	}
}

func loginsWithoutTokens(t *testing.T, s *scene) {
	p, person := s.program(ownSession), uniqueEmail(t, "victim")
	payload := s.issuer().Login(person).Payload()
	p.login(t, payload).is(t, http.StatusCreated, "")
	for _, tokens := range []any{nil, map[string]any{}, map[string]any{"access_token": ""}, map[string]any{"access_token": nil}} {
		bare := hinting(payload, map[string]any{"oauth_token": tokens})
		if tokens == nil {
			delete(bare, "oauth_token")
		}
		p.refused(t, providertest.SubjectOf(person), bare, http.StatusBadRequest, "invalid_request")
	}
}

// twoTokens returns the payload with an access token and an ID token.
func twoTokens(access, id string) map[string]any {
	return map[string]any{"oauth_token": map[string]any{"access_token": access, "id_token": id}}
}

func invalidSecondTokens(t *testing.T, s *scene) {
	p, person, i := s.program(ownSession), uniqueEmail(t, "ada"), s.issuer()
	p.login(t, twoTokens(i.AccessToken(person), i.IDToken(person))).is(t, http.StatusCreated, "")
	for _, bad := range []map[string]any{
		twoTokens("garbage", i.IDToken(person)), twoTokens(i.AccessToken(person), "garbage"),
		twoTokens(i.AccessToken(person, providertest.Unsigned()), i.IDToken(person)),
		twoTokens(i.AccessToken(person), i.IDToken(person, providertest.ForgedBy(providertest.NewKey(i.Key().ID)))),
		twoTokens(i.IDToken(person), i.AccessToken(person)),
	} {
		p.rejectsLogin(t, person, bad)
	}
}

func tokensOfTwoUsers(t *testing.T, s *scene) {
	p, i := s.program(ownSession), s.issuer()
	one, other := uniqueEmail(t, "ada"), uniqueEmail(t, "eve")
	p.login(t, twoTokens(i.AccessToken(one), i.IDToken(one))).is(t, http.StatusCreated, "")
	for _, person := range []string{one, other} {
		p.rejectsLogin(t, person, twoTokens(i.AccessToken(one), i.IDToken(other)))
		p.rejectsLogin(t, person, twoTokens(i.AccessToken(other), i.IDToken(one)))
	}
	sameButName := i.IDToken(one, providertest.Claim("identifier", other))
	p.rejectsLogin(t, one, twoTokens(i.AccessToken(one), sameButName))
}

func sharedEmail(t *testing.T, s *scene) {
	p, victim, mallory := s.start(t, ownSession), uniqueEmail(t, "victim"), uniqueEmail(t, "mallory")
	theirs := p.logsIn(t, posted(s.issuer().AccessToken(victim)))
	unproven := s.issuer().AccessToken(mallory, providertest.Claim("identifier", victim), providertest.Claim("authentication_method", nil))
	got := p.logsIn(t, hinting(posted(unproven), map[string]any{"email": victim}))
	if got.ID == theirs.ID || got.EmailVerified {
		t.Errorf("mallory is %+v, the victim %+v", got, theirs)
	}
	if again := p.logsIn(t, posted(s.issuer().AccessToken(victim))); again.ID != theirs.ID || !again.EmailVerified {
		t.Errorf("the victim was %+v and is %+v", theirs, again)
	}
}

func sharedEmailAtAnotherProvider(t *testing.T, s *scene) {
	other := providertest.NewIssuer(t)
	p, person := s.start(t, ownSession, corp(other)), uniqueEmail(t, "ada")
	one := p.logsIn(t, posted(s.issuer().AccessToken(person)))
	two := p.logsIn(t, postedID(other.OIDCToken(person, providertest.Claim("sub", "another-subject"))))
	if one.ID == two.ID || !one.EmailVerified || !two.EmailVerified {
		t.Errorf("one is %+v, the other %+v", one, two)
	}
}

func unverifiedEmails(t *testing.T, s *scene) {
	p := s.program(ownSession, corp(s.issuer()))
	person := uniqueEmail(t, "ada")
	if got := p.logsIn(t, postedID(s.issuer().OIDCToken(person))); !got.EmailVerified {
		t.Errorf("ada is %+v", got)
	}
	for _, proof := range []any{nil, false, "true", 1, []bool{true}, "false", map[string]bool{"email": true}} {
		if got := p.logsIn(t, postedID(s.issuer().OIDCToken(person, providertest.Claim("email_verified", proof)))); got.EmailVerified {
			t.Errorf("%v proves that ada is %+v", proof, got)
		}
	}
}

func malformedEmails(t *testing.T, s *scene) {
	p, person := s.start(t, ownSession, corp(s.issuer())), uniqueEmail(t, "ada")
	if got := p.logsIn(t, postedID(s.issuer().OIDCToken(person))); textOf(got.Email) != person {
		t.Errorf("ada is %+v", got)
	}
	for _, email := range []any{
		nil, 7,
		[]string{person},
		"", "a@x@y", "a@x.example,b@y.example", `"e@evil.example"@x.example`, "a\uff20x.example",
		"a@x.example\r\nBcc: b@y.example", "a\x00@x.example",
		strings.Repeat("a", 300) + "@x.example", "a@b\u00fccher.example", "a b@x.example", "a@", "@x.example",
	} {
		got := p.logsIn(t, postedID(s.issuer().OIDCToken(person, providertest.Claim("email", email))))
		if got.Email != nil || got.EmailVerified {
			t.Errorf("%q becomes the email address %q", email, textOf(got.Email))
		}
	}
	if got := p.database.rows(t); got.users != 1 {
		t.Errorf("ada is %d people", got.users)
	}
}

func emailLetterCases(t *testing.T, s *scene) {
	p := s.start(t, ownSession)
	var ids []string
	for n, identifier := range []string{"victim@x.example", "Victim@X.example", "VICTIM@X.EXAMPLE"} {
		token := s.issuer().AccessToken(uniqueEmail(t, "person"), providertest.Claim("sub", strings.Repeat("s", n+1)), providertest.Claim("identifier", identifier))
		got := p.logsIn(t, posted(token))
		if textOf(got.Email) != identifier || slices.Contains(ids, got.ID) {
			t.Errorf("%s is %+v", identifier, got)
		}
		ids = append(ids, got.ID)
	}
}

// identified returns the login of a user with an identifier.
func (s *scene) identified(person, identifier string) map[string]any {
	return posted(s.issuer().AccessToken(person, providertest.Claim("identifier", identifier)))
}

func phoneSpellings(t *testing.T, s *scene) {
	p, one, other := s.start(t, ownSession), uniqueEmail(t, "ada"), uniqueEmail(t, "eve")
	const number = "+12025550100"
	first := p.logsIn(t, s.identified(one, number))
	if textOf(first.Phone) != number || !first.PhoneVerified || first.Email != nil {
		t.Errorf("ada is %+v", first)
	}
	for _, spelling := range []string{
		"+1 202 555 0100", "0012025550100",
		"+\u0661\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0660\u0660", "+1234567890123456", "+0123456", "+", "12025550100",
		"+1-202-555-0100",
	} {
		if got := p.logsIn(t, s.identified(one, spelling)); got.ID != first.ID || got.Phone != nil || got.PhoneVerified {
			t.Errorf("%s is %+v", spelling, got)
		}
	}
	// A phone number with a new owner does not lead to the old account.
	if got := p.logsIn(t, s.identified(other, number)); got.ID == first.ID || textOf(got.Phone) != number {
		t.Errorf("eve is %+v", got)
	}
}

func phoneAsEmail(t *testing.T, s *scene) {
	p, person := s.start(t, ownSession), uniqueEmail(t, "ada")
	for identifier, want := range map[string]string{"+12025550100": "", "nickname": "", person: person} {
		if got := p.logsIn(t, s.identified(person, identifier)); textOf(got.Email) != want || got.Identifier != identifier {
			t.Errorf("%s is %+v", identifier, got)
		}
	}
}

// distinctSubjects logs in with each subject: each is another user, or is
// refused each time.
func distinctSubjects(subjects ...string) attack {
	return attack{run: func(t *testing.T, s *scene) {
		t.Helper()
		p := s.start(t, ownSession)
		ids := map[string]string{}
		for range 2 {
			for _, subject := range subjects {
				a := p.login(t, posted(s.issuer().AccessToken(uniqueEmail(t, "ada"), providertest.Claim("sub", subject))))
				if a.Status == http.StatusUnauthorized {
					a.is(t, http.StatusUnauthorized, "invalid_token")
					continue
				}
				me := p.signedIn(t, a)
				if who := p.me(t, me.credential); textOf(who.Subject) != subject {
					t.Errorf("%q is %q", subject, textOf(who.Subject))
				}
				if before, known := ids[subject]; known != !me.Created || known && before != me.User.ID {
					t.Errorf("%q was %q, and is %+v", subject, before, me)
				}
				ids[subject] = me.User.ID
			}
		}
		if got := p.database.rows(t); got.users != len(ids) || len(ids) == 0 {
			t.Errorf("%d subjects are %d users", len(ids), got.users)
		}
		if distinct := slices.Compact(slices.Sorted(maps.Values(ids))); len(distinct) != len(ids) {
			t.Errorf("two subjects are one user: %v", ids)
		}
	}, stored: true}
}

func subjectsWithSpaces(t *testing.T, s *scene) {
	p := s.start(t, ownSession)
	named := func(subject string) map[string]any {
		return posted(s.issuer().AccessToken(uniqueEmail(t, "ada"), providertest.Claim("sub", subject)))
	}
	p.login(t, named("u1")).is(t, http.StatusCreated, "")
	for _, spaced := range []string{"u1 ", " u1", "u1\t", "u1\u00a0", "u1\u3000", " "} {
		a := p.login(t, named(spaced))
		if a.Status != http.StatusUnauthorized {
			t.Errorf("%q: %d %s", spaced, a.Status, a.Body)
		}
	}
	p.login(t, named("u1")).is(t, http.StatusOK, "")
	if got := p.database.rows(t); got.users != 1 {
		t.Errorf("%d users", got.users)
	}
}

func longSubjects(t *testing.T, s *scene) {
	p := s.start(t, ownSession)
	named := func(subject string) map[string]any {
		return posted(s.issuer().AccessToken(uniqueEmail(t, "ada"), providertest.Claim("sub", subject)))
	}
	const limit = 255
	longest := strings.Repeat("s", limit)
	p.login(t, named(longest)).is(t, http.StatusCreated, "")
	p.login(t, named(longest[:limit-1]+"t")).is(t, http.StatusCreated, "")
	p.login(t, named(longest[:limit-1]+"\u00e9")).is(t, http.StatusUnauthorized, "invalid_token") // 256 bytes
	p.login(t, named(longest+"s")).is(t, http.StatusUnauthorized, "invalid_token")
	p.login(t, named(longest)).is(t, http.StatusOK, "")
	if got := p.database.rows(t); got.users != 2 {
		t.Errorf("%d users", got.users)
	}
}

func subjectAtTwoProviders(t *testing.T, s *scene) {
	other := providertest.NewIssuer(t)
	p, person := s.start(t, ownSession, corp(other)), uniqueEmail(t, "ada")
	one := p.logsIn(t, posted(s.issuer().AccessToken(person)))
	two := p.logsIn(t, postedID(other.OIDCToken(person)))
	if one.ID == two.ID {
		t.Errorf("one is %+v, the other %+v", one, two)
	}
}

func renamedProvider(t *testing.T, s *scene) {
	database, person := s.backend.create(t), uniqueEmail(t, "ada")
	file := configurationOn(database.block, s.issuer(), ownSession)
	before := start(t, s.framework, file)
	first := before.logsIn(t, s.issuer().Login(person).Payload())
	before.end(t)
	after := start(t, s.framework, edited(t, file, []edit{{`provider "cotter" {`, `provider "cotter" "renamed" {`}}))
	me := after.signIn(t, s.issuer(), person)
	if who := after.me(t, me.credential); me.User.ID != first.ID || me.Created || textOf(who.Provider) != "renamed" {
		t.Errorf("ada was %+v and is %+v, %+v", first, me, who)
	}
}

func emailOfVictim(t *testing.T, s *scene) {
	other := providertest.NewIssuer(t)
	p, victim := s.start(t, ownSession, corp(other)), uniqueEmail(t, "victim")
	p.signIn(t, s.issuer(), victim)
	before := strings.Split(p.database.dump(t), "\n")
	theirs := p.logsIn(t, postedID(other.OIDCToken(victim, providertest.Claim("sub", "mallory"))))
	if !theirs.EmailVerified {
		t.Errorf("mallory is %+v", theirs)
	}
	after := strings.Split(p.database.dump(t), "\n")
	for _, line := range before { // rows are added, none is changed
		at := slices.Index(after, line)
		if at < 0 {
			t.Fatalf("%q is gone", line)
		}
		after = slices.Delete(after, at, at+1)
	}
}

// alter changes the tables without the program.
func (p *program) alter(t *testing.T, statement string) {
	t.Helper()
	db, err := p.database.alter()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// uncachedToken looks up the user at each request.
const uncachedToken = `session "provider_token" { cache_ttl = "0s" }`

func disabledUsers(t *testing.T, s *scene) {
	person := uniqueEmail(t, "ada")
	own, providerToken := s.start(t, ownSession), s.start(t, uncachedToken)
	mine, theirs := own.signIn(t, s.issuer(), person), providerToken.signIn(t, s.issuer(), person)
	login := s.issuer().Login(person)
	own.me(t, mine.credential)
	providerToken.me(t, theirs.credential)
	for _, p := range []*program{own, providerToken} {
		p.alter(t, "UPDATE auth_users SET disabled_ms = 1")
		p.refused(t, providertest.SubjectOf(person), posted(login.AccessToken), http.StatusForbidden, "account_disabled")
	}
	own.rejects(t, mine.credential)
	providerToken.send(t, "GET", "/api/me", theirs.credential).is(t, http.StatusForbidden, "account_disabled")
	providerToken.send(t, "POST", "/auth/refresh", posting(encode(map[string]string{"refresh_token": login.RefreshToken}))).is(t, http.StatusForbidden, "account_disabled")
	for _, p := range []*program{own, providerToken} {
		p.alter(t, "UPDATE auth_users SET disabled_ms = NULL")
		p.signIn(t, s.issuer(), person)
	}
}

func deletedUsers(t *testing.T, s *scene) {
	p, person := s.start(t, ownSession), uniqueEmail(t, "ada")
	before := p.signIn(t, s.issuer(), person)
	p.me(t, before.credential)
	p.alter(t, "DELETE FROM auth_users")
	p.rejects(t, before.credential)
	if got := p.database.rows(t); got != (rows{}) {
		t.Errorf("rows are left: %+v", got)
	}
	after := p.signIn(t, s.issuer(), person)
	if !after.Created || after.User.ID == before.User.ID {
		t.Errorf("ada was %+v and is %+v", before, after)
	}
	p.rejects(t, before.credential)
}

func closedRegistration(t *testing.T, s *scene) {
	known, unknown := uniqueEmail(t, "ada"), uniqueEmail(t, "eve")
	for _, session := range []string{ownSession, tokenBearer} {
		database := s.backend.create(t)
		file := configurationOn(database.block, s.issuer(), session)
		open := start(t, s.framework, file)
		open.signIn(t, s.issuer(), known)
		open.end(t)
		closed := start(t, s.framework, file+"\nusers { create = false }\n")
		closed.database = database
		closed.login(t, s.issuer().Login(known).Payload()).is(t, http.StatusOK, "")
		closed.refused(t, providertest.SubjectOf(unknown), s.issuer().Login(unknown).Payload(), http.StatusForbidden, "registration_closed")
		if got := database.rows(t); got.users != 1 || got.identities != 1 {
			t.Errorf("rows: %+v", got)
		}
	}
}

func loginReplacesSession(t *testing.T, s *scene) {
	p, one, other := s.program(ownSession), uniqueEmail(t, "ada"), uniqueEmail(t, "eve")
	first := p.signIn(t, s.issuer(), one)
	elsewhere := p.signIn(t, s.issuer(), one)
	second := p.signIn(t, s.issuer(), other, first.credential)
	if second.User.ID == first.User.ID || second.Session.ID == first.Session.ID || !second.Created {
		t.Errorf("first %+v, then %+v", first, second)
	}
	p.rejects(t, first.credential)
	p.me(t, elsewhere.credential)
	if who := p.me(t, second.credential); textOf(who.Subject) != providertest.SubjectOf(other) {
		t.Errorf("eve is %+v", who)
	}
}

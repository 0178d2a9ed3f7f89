package autherr_test

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/cotterpin/cotterpin/core/autherr"
)

// EmailNotVerified is a code of the application.
var EmailNotVerified = autherr.Define("email_not_verified", http.StatusForbidden, "Verify your email address first")

func ExampleDefine() {
	// A hook or a handler returns the code itself, or adds a reason for the log.
	err := fmt.Errorf("register: %w", autherr.New(EmailNotVerified, "no_signed_email"))

	fmt.Println(autherr.CodeOf(err), EmailNotVerified.Status(), errors.Is(err, EmailNotVerified))
	// Output: email_not_verified 403 true
}

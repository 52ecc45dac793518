//! What was wrong with a form, told beside the form itself, with what was typed into it.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::desk::Html;
use crate::http::problem::add_retry_after;
use crate::http::{Code, Problem};

/// Something that a person can mend in the form that is shown again.
#[derive(Debug)]
pub(super) struct Trouble {
    text: String,
    field: Cow<'static, str>,
    refused: Refused,
}

/// How the form that is shown again is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    status: StatusCode,
    wait: Option<Duration>,
}

impl Trouble {
    /// In the field that the problem is about. What has none is a page of its own, and given back.
    pub(super) fn of(problem: Problem) -> Result<Self, Problem> {
        let field = match (problem.code(), problem.named()) {
            (Code::WrongPassword | Code::TooManyAttempts, _) => "password".to_owned(),
            (Code::InvalidMember, Some(member)) => member.to_owned(),
            _ => return Err(problem),
        };
        Ok(Self::in_field(field, &problem))
    }

    /// The same for one that the last operator is in the way of, told in `field`.
    pub(super) fn of_last_operator(problem: Problem, field: &'static str) -> Result<Self, Problem> {
        match problem.code() {
            Code::LastOperator => Ok(Self::in_field(field, &problem)),
            _ => Self::of(problem),
        }
    }

    fn in_field(field: impl Into<Cow<'static, str>>, problem: &Problem) -> Self {
        Self {
            text: problem.explanation().to_owned(),
            field: field.into(),
            refused: Refused { status: problem.status(), wait: problem.wait() },
        }
    }

    /// For people.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is the field with that name that has to be mended.
    pub(super) fn is_at(&self, field: impl AsRef<str>) -> bool {
        self.field == field.as_ref()
    }

    /// How the form is answered.
    pub(super) const fn refused(&self) -> Refused {
        self.refused
    }
}

impl Refused {
    /// The answer: `page`, with the status that the refusal has anyway.
    pub(super) fn with(self, page: Html) -> Response {
        let mut response = (self.status, page).into_response();
        add_retry_after(&mut response, self.wait);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_can_mend_is_told_in_its_field_and_the_rest_is_given_back() {
        let wrong = Trouble::of(Problem::new(Code::WrongPassword)).unwrap();
        assert!(wrong.is_at("password") && !wrong.is_at("typed"));
        let typed = Trouble::of(Problem::new(Code::InvalidMember).member("typed")).unwrap();
        assert!(typed.is_at("typed"));
        for code in [Code::NotFound, Code::InvalidMember, Code::LastOperator, Code::Unavailable] {
            assert_eq!(Trouble::of(Problem::new(code)).unwrap_err().code(), code);
        }
        let last = Trouble::of_last_operator(Problem::new(Code::LastOperator), "role").unwrap();
        assert!(last.is_at("role"));
        assert!(Trouble::of_last_operator(Problem::new(Code::NotFound), "role").is_err());
    }

    #[test]
    fn the_answer_keeps_the_status_and_the_wait() {
        let problem = Problem::new(Code::TooManyAttempts).retry_after(Duration::from_secs(7));
        let trouble = Trouble::of(problem).unwrap();
        let response = trouble.refused().with(Html::default());
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[http::header::RETRY_AFTER], "7");
    }
}

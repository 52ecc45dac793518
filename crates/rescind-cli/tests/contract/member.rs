//! A user of the tenant `default` who signs in by password.

use super::support::{Desk, Pair, new_user};

pub(crate) const PASSWORD: &str = "the password of a member 4c1e";

pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) email: String,
}

impl Member {
    pub(crate) async fn new(desk: &Desk) -> Self {
        let email = format!("{}@example.com", new_user());
        let tenant = Some(desk.tenant.as_str());
        let made = desk.api.create_user(desk.caller(), &email, PASSWORD, "member", tenant).await.expect(201);
        Self { id: made.text("user_id").to_owned(), email }
    }

    pub(crate) async fn sign_in(&self, desk: &Desk) -> Pair {
        Pair::from(&desk.api.login(&self.email, PASSWORD).await.expect(200))
    }
}

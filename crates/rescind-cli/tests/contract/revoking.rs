//! Revoking by what somebody has of a token.

use serde_json::json;

use super::support::{House, jti, new_user};

const REVOCATIONS: &str = "/api/v1/admin/revocations";

/// An id that somebody typed in capitals, or took from a program that puts braces around it, is that token's all the same.
#[tokio::test]
async fn a_jti_in_another_spelling_is_revoked_too() {
    let house = House::open(&[]).await;
    let desk = &house.desk;
    for spell in
        [str::to_uppercase as fn(&str) -> String, |jti| format!("{{{jti}}}"), |jti| jti.replace('-', "")]
    {
        let pair = desk.open(&new_user()).await;
        let spelled = spell(&jti(&pair.access));
        let told = desk.api.post(REVOCATIONS, desk.caller(), json!({"jti": spelled})).await.expect(201);
        assert_eq!(told.text("jti"), jti(&pair.access));
        desk.api.me(&pair.access).await.refuses(401, "token_revoked");
        desk.api.get(&format!("{REVOCATIONS}/{spelled}"), desk.caller()).await.expect(200);
        let ended = json!({"jti": spell(&jti(&pair.refresh))});
        desk.api.post(REVOCATIONS, desk.caller(), ended).await.expect(201);
        desk.api.refresh(&pair.refresh).await.refuses(401, "session_revoked");
    }
}

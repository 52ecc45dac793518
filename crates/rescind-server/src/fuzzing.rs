//! The forms of `/oauth2`, for the fuzz targets of this workspace. Nothing that anybody else may rely on.

pub use crate::oauth::introspect::IntrospectionRequest;
pub use crate::oauth::revoke::RevocationRequest;
pub use crate::oauth::token::TokenRequest;

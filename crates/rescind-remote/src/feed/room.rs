//! That what is taken up finds room.

use rescind::ledger::{Mark, MarkKey, TokenKey};

use crate::shared::Shared;
use crate::trouble::Trouble;

/// So many bytes may come before the memory is looked at again.
const LOOK: usize = 16 * 1024 * 1024;

/// Looks at the memory now and then, by how much came.
#[derive(Debug, Default)]
pub(super) struct Room {
    unseen: usize,
}

impl Room {
    /// This much more came.
    pub(super) fn took(&mut self, mark: &Mark) {
        self.unseen += match &mark.key {
            MarkKey::Token(TokenKey::Text(text)) | MarkKey::Key(text) => 64 + text.len(),
            _ => 64,
        };
    }

    /// That there is room for more.
    pub(super) fn check(&mut self, shared: &Shared) -> Result<(), Trouble> {
        if self.unseen < LOOK {
            return shared.check_room();
        }
        self.unseen = 0;
        shared.check_memory()
    }
}

//! What every store promises. Each promise is a function over a [`World`]; [`crate::conformance!`] makes each a test.
//! Backends cannot be told apart: whoever adds one runs this, and adds nothing to it but what SQL alone can break.
#![allow(clippy::unwrap_used, reason = "these are tests, although in a library: a failed unwrap fails one")]

pub mod audit;
pub mod clients;
pub mod cuts;
pub mod directory;
pub mod follow;
pub mod history;
pub mod keys;
pub mod ledger;
pub mod model;
pub mod opening;
pub mod refresh;
pub mod sessions;
pub mod watched;
mod world;

pub use world::{
    ABSOLUTE, ACCESS_TTL, Backend, Held, IDLE, MAC_KID, POLICY, Reopen, SIGNING_KID, World, all,
};

/// Runs every promise on a backend, each as a test of its own: `conformance!(make)`, where `make` is an async function that
/// returns a [`Backend`] with an empty store.
#[macro_export]
macro_rules! conformance {
    ($make:ident) => {
        $crate::promises! { $make;
            opening:
                a_session_is_opened_and_shown_as_it_was_given,
                sessions_are_numbered_from_one,
                keys_that_no_longer_sign_are_key_gone,
                a_cut_since_the_standing_was_read_is_a_conflict,
                a_role_change_since_the_standing_was_read_is_none,
                whoever_is_barred_opens_nothing,
                an_unknown_user_is_made_from_a_profile,
                a_profile_that_differs_kills_access_tokens_only,
                a_profile_with_a_taken_email_is_refused,
                a_deleted_user_comes_back_from_a_profile_above_the_floor,
                nobody_becomes_or_opens_for_an_admin_without_leave,
                nobody_opens_by_profile_in_the_system_tenant,
                a_deleted_client_opens_nothing,
                the_least_recently_used_session_gives_way,
                an_opening_that_is_refused_leaves_nothing;
            refresh:
                the_current_token_is_rotated,
                a_rotation_moves_the_idle_limit_but_not_the_absolute_one,
                a_parent_is_answered_with_the_same_successor,
                a_late_replay_in_three_generations_running_is_theft,
                an_older_token_is_superseded_within_grace_and_theft_after,
                theft_ends_the_session_and_is_recorded,
                sixteen_rotations_are_remembered,
                a_generation_not_seen_is_unknown,
                another_users_token_is_unknown,
                dead_is_said_before_theft,
                an_expired_session_is_expired,
                the_client_must_be_the_sessions,
                a_client_may_have_to_prove_its_secret,
                a_refresh_carries_the_role_of_now,
                a_key_that_is_gone_changes_nothing,
                the_address_of_the_last_rotation_is_kept,
                two_hundred_at_once_are_one_rotation_and_one_successor,
                remint_says_what_a_refresh_would,
                remint_is_guarded;
            sessions:
                sessions_are_listed_newest_first_and_by_status,
                pages_neither_skip_nor_repeat,
                a_foreign_cursor_is_refused,
                another_tenants_session_is_not_found,
                a_device_is_named,
                a_jti_tells_its_session,
                what_came_first_ended_it;
            cuts:
                a_session_cut_ends_it_once,
                a_session_is_found_only_within_what_was_named,
                a_user_cut_bites_every_time,
                a_user_cut_spares_one_session,
                a_tenant_cut_ends_all_and_nobody_elses,
                a_session_opened_after_a_cut_lives,
                a_jti_that_nothing_knows_is_recorded,
                a_repeated_token_cut_changes_nothing,
                a_cut_that_has_expired_is_renewed,
                a_later_expiry_extends_with_the_first_reason,
                a_cut_for_one_tenant_does_not_spoil_anothers,
                a_refresh_tokens_jti_cuts_its_session,
                an_access_tokens_jti_carries_its_sessions_tenant,
                a_digest_is_cut_like_a_token,
                a_foreign_users_cut_needs_no_user,
                a_foreign_session_is_cut_like_a_token,
                what_is_not_there_is_not_found,
                a_dry_run_counts_what_the_cut_then_ends,
                a_version_never_goes_back,
                nothing_that_began_before_a_cut_survives_it;
            ledger:
                an_entry_outlives_every_token_minted_before,
                an_entry_for_everybody_is_listed_for_the_one_user_whom_it_names,
                entries_are_listed_newest_first_by_what_they_are_about,
                a_tokens_entry_is_found_within_its_scope,
                standing_marks_are_found_by_their_identity_alone,
                of_several_entries_the_highest_version_and_the_latest_expiry_stand,
                purging_removes_what_has_expired_and_nothing_else,
                purging_goes_in_small_batches,
                sessions_long_dead_are_purged,
                a_seq_is_never_used_twice;
            follow:
                the_head_of_nothing_is_the_beginning,
                entries_come_in_order_and_in_pages,
                a_cursor_within_a_batch_goes_on,
                every_mark_has_the_cursor_of_its_own_place,
                a_cursor_of_another_history_is_told,
                a_cursor_ahead_of_the_head_is_told,
                a_cursor_that_was_purged_past_is_told,
                a_restart_keeps_the_history;
            history:
                every_kind_of_mark_is_written_back_once,
                what_stands_is_not_written_again,
                what_is_written_back_outlives_what_was_minted,
                an_entry_that_expires_too_early_is_extended_with_the_first_reason,
                a_users_version_and_floor_come_back,
                a_foreign_users_version_comes_back,
                a_tenants_version_and_floor_come_back,
                a_session_is_ended_again,
                a_client_is_deleted_again,
                a_key_is_revoked_again,
                nodes_that_write_back_at_once_write_once,
                the_most_marks_are_written_back_at_once;
            directory:
                the_first_start_is_only_one,
                tenants_are_listed_oldest_first,
                a_slug_is_taken_once,
                suspending_a_tenant_ends_everything_and_only_once,
                emails_are_unique_within_a_tenant_without_regard_to_case,
                a_user_id_is_unique_within_its_tenant_only,
                users_are_searched_literally,
                a_user_is_found_by_the_whole_address,
                users_are_listed_in_pages_and_by_tenant,
                a_role_or_email_change_raises_the_version_only,
                a_password_change_ends_everything_but_one,
                a_password_is_changed_only_if_it_is_still_the_same,
                disabling_ends_everything_and_enabling_revives_nothing,
                an_admin_is_not_touched_without_leave,
                the_last_operator_stays_one,
                of_two_operators_who_bar_each_other_one_stays,
                deleting_a_user_ends_and_erases,
                a_deleted_user_comes_back_above_its_old_versions,
                a_change_that_changes_nothing_leaves_nothing;
            clients:
                a_client_is_read_back_as_it_was_made,
                a_rotated_secret_overlaps,
                a_client_of_a_suspended_tenant_has_no_good_secret,
                clients_are_listed_by_tenant,
                a_bound_admin_reaches_its_own_clients_only,
                deleting_a_client_ends_its_sessions,
                a_use_is_noted_by_the_minute;
            keys:
                keys_are_read_back_oldest_first,
                a_change_on_an_old_version_is_a_conflict,
                a_key_steps_through_its_life,
                a_next_key_can_be_retired,
                a_revoked_key_leaves_a_mark_for_ever,
                two_active_keys_of_one_use_are_refused,
                a_key_that_may_still_be_needed_is_not_forgotten,
                rewrapping_is_all_or_none,
                an_issuer_is_noted_when_it_is_another;
            audit:
                every_act_is_recorded_with_its_provenance,
                a_refusal_is_not_recorded,
                the_trail_is_filtered,
                the_trail_is_read_in_pages;
            watched:
                commits_are_counted_with_the_calls_that_share_them,
                a_refusal_is_no_failed_commit;
        }
    };
}

/// Makes tests of promises: see [`conformance!`].
#[doc(hidden)]
#[macro_export]
macro_rules! promises {
    ($make:ident; $($group:ident: $($promise:ident),+ $(,)?;)+) => {$(
        mod $group {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    $crate::conformance::$group::$promise(super::$make().await).await;
                }
            )+
        }
    )+};
}

#[cfg(test)]
mod tests {
    /// A promise that nobody runs is none.
    #[test]
    fn every_promise_is_listed() {
        let files = [
            include_str!("audit.rs"),
            include_str!("clients.rs"),
            include_str!("cuts.rs"),
            include_str!("directory.rs"),
            include_str!("follow.rs"),
            include_str!("history.rs"),
            include_str!("keys.rs"),
            include_str!("ledger.rs"),
            include_str!("opening.rs"),
            include_str!("refresh.rs"),
            include_str!("sessions.rs"),
            include_str!("watched.rs"),
        ];
        let list = include_str!("mod.rs");
        for line in files.iter().flat_map(|file| file.lines()) {
            let Some(rest) = line.strip_prefix("pub async fn ") else { continue };
            let name = rest.split('(').next().unwrap();
            assert!(
                list.contains(&format!(" {name},")) || list.contains(&format!(" {name};")),
                "{name} is not listed"
            );
        }
    }
}

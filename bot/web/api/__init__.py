"""The JSON API: for the page's own module, and over <home>/run.sock for the commands.

Ids are strings, times ISO 8601. A body is `application/json`, at most 256 kB, with exactly the
fields named here (bot.web.asked). An error is {"error": one clear line, "status": number}: 400 not
readable, 401 sign in, 403 role or origin, 404 no such id, 409 somebody was faster or the text on
screen is not the stored one, 413 too large, 415 not JSON, 422 the guard or a rule says no, 503 the
store cannot.

In a browser every POST carries the header X-CSRF-Token. Over the socket there is none; the caller
acts as the first admin, or as the reviewer that X-Byname-Reviewer names (name or id).

    method path under /api/v1              role    asks for -> answers with
    GET  /queue                            read    view platform intent sentiment language source q
                                                   after limit -> entries, counts
    GET  /messages/{id}                    read    -> entry
    GET  /messages/{id}/thread             read    -> messages, versions
    GET  /messages/{id}/why                read    -> why (the words that carried each tag)
    GET  /people                           read    q limit -> people
    GET  /people/{id}                      read    -> person
    GET  /people/{id}/messages             read    before limit -> messages
    GET  /search                           read    q before limit -> messages
    GET  /replies                          read    state (repeated) limit -> replies
    GET  /brakes                           read    -> brakes
    GET  /sources                          read    -> sources, work, logins, costs, estimates,
                                                   overdue
    GET  /reviewers                        read    -> reviewers
    POST /length                           read    text message_id
                                                   -> used limit unit fits cost findings
    POST /messages/{id}/approve            review  request_id text suggestion_id suggestion_version
                                                   option shown_hash seconds -> reply, undo_seconds
    POST /messages/{id}/reject             review  request_id reason -> decision
    POST /messages/{id}/no-reply           review  request_id -> decision
    POST /messages/{id}/by-hand            review  request_id url -> decision
    POST /messages/{id}/snooze             review  request_id, choice or until -> decision
    POST /messages/{id}/correct            review  sentiment intents offensive crisis needs_reply
    POST /replies/{id}/undo                review  -> reply
    POST /replies/{id}/settle              review  outcome url -> reply
    POST /brake                            review  on scope target reason -> brakes
    POST /notes                            review  account_id text -> note
    POST /reviewers                        admin   name role -> reviewer
    POST /reviewers/{id}                   admin   role disabled -> reviewer
    POST /links                            read    reviewer_id (another's: admin) -> reviewer, url
"""

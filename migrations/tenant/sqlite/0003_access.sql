-- Who may come in, and what they may do.

-- Passwords, as argon2id texts.
CREATE TABLE credential (
    user_id text PRIMARY KEY,
    password text NOT NULL,
    changed text NOT NULL
);

-- Roles of users.
CREATE TABLE user_role (
    user_id text NOT NULL,
    role text NOT NULL,
    PRIMARY KEY (user_id, role)
);

-- Links by which a user sets a password, each good for one time; only hashes.
CREATE TABLE invitation (
    hash text PRIMARY KEY,
    user_id text NOT NULL,
    kind text NOT NULL,
    created text NOT NULL,
    expires text NOT NULL,
    used text
);
CREATE INDEX invitation_user ON invitation (user_id);

-- Accounts at login providers.
CREATE TABLE identity (
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id text NOT NULL,
    PRIMARY KEY (issuer, subject)
);

-- Where users may log in, beside here.
CREATE TABLE login_provider (
    name text PRIMARY KEY,
    settings text NOT NULL
);

-- Logins that are under way at a provider.
CREATE TABLE login_attempt (
    hash text PRIMARY KEY,
    state text NOT NULL,
    expires text NOT NULL,
    used text
);

-- Records that were shared.
CREATE TABLE share (
    id text PRIMARY KEY,
    object text NOT NULL,
    record text NOT NULL,
    grantee_kind text NOT NULL,
    grantee text NOT NULL,
    level text NOT NULL,
    expires text,
    created text NOT NULL,
    created_by text
);
CREATE INDEX share_grantee ON share (grantee_kind, grantee, object);
CREATE INDEX share_record ON share (object, record);

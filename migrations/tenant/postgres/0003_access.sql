-- Who may come in, and what they may do.

-- Passwords, as argon2id texts.
CREATE TABLE credential (
    user_id uuid PRIMARY KEY,
    password text COLLATE "C" NOT NULL,
    changed timestamptz NOT NULL
);

-- Roles of users.
CREATE TABLE user_role (
    user_id uuid NOT NULL,
    role text COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, role)
);

-- Links by which a user sets a password, each good for one time; only hashes.
CREATE TABLE invitation (
    hash text COLLATE "C" PRIMARY KEY,
    user_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    created timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    used timestamptz
);
CREATE INDEX invitation_user ON invitation (user_id);

-- Accounts at login providers.
CREATE TABLE identity (
    issuer text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (issuer, subject)
);

-- Where users may log in, beside here.
CREATE TABLE login_provider (
    name text COLLATE "C" PRIMARY KEY,
    settings text COLLATE "C" NOT NULL
);

-- Logins that are under way at a provider.
CREATE TABLE login_attempt (
    hash text COLLATE "C" PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    expires timestamptz NOT NULL,
    used timestamptz
);

-- Records that were shared.
CREATE TABLE share (
    id uuid PRIMARY KEY,
    object text COLLATE "C" NOT NULL,
    record uuid NOT NULL,
    grantee_kind text COLLATE "C" NOT NULL,
    grantee text COLLATE "C" NOT NULL,
    level text COLLATE "C" NOT NULL,
    expires timestamptz,
    created timestamptz NOT NULL,
    created_by text COLLATE "C"
);
CREATE INDEX share_grantee ON share (grantee_kind, grantee, object);
CREATE INDEX share_record ON share (object, record);

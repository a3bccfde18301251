/**
 * The schema, as the ordered list of its changes. A database remembers how many it has had; the rest are run when it is opened, each in
 * a transaction. An entry that has been released is never edited and never moved: append instead.
 *
 * Times are milliseconds since the epoch. JSON columns hold what is read and written whole.
 */
export interface Migration {
  name: string;
  sql: string;
}

export const migrations: readonly Migration[] = [
  {
    name: 'storage',
    sql: `
      CREATE TABLE snapshots (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL CHECK (kind IN ('active', 'view', 'committed')),
        parent INTEGER REFERENCES snapshots (id),
        bytes INTEGER,
        inodes INTEGER,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX snapshots_by_parent ON snapshots (parent);

      CREATE TABLE images (
        id TEXT PRIMARY KEY,
        config BLOB NOT NULL,
        created TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        labels TEXT NOT NULL,
        top_snapshot TEXT,
        parent TEXT,
        last_tagged_at INTEGER
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE image_layers (
        image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        diff_id TEXT NOT NULL,
        chain_id TEXT NOT NULL,
        blob TEXT NOT NULL,
        media_type TEXT NOT NULL,
        blob_bytes INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        PRIMARY KEY (image, position)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX image_layers_by_blob ON image_layers (blob);
      CREATE INDEX image_layers_by_chain ON image_layers (chain_id);

      CREATE TABLE image_manifests (
        image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
        digest TEXT NOT NULL,
        media_type TEXT NOT NULL,
        PRIMARY KEY (image, digest)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX image_manifests_by_digest ON image_manifests (digest);

      CREATE TABLE image_references (
        name TEXT PRIMARY KEY,
        repository TEXT NOT NULL,
        tag TEXT,
        digest TEXT,
        image TEXT NOT NULL REFERENCES images (id),
        created_at INTEGER NOT NULL,
        CHECK ((tag IS NULL) <> (digest IS NULL))
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX image_references_by_image ON image_references (image);
    `,
  },
  {
    name: 'containers',
    sql: `
      CREATE TABLE containers (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL UNIQUE,
        record TEXT NOT NULL
      ) STRICT;
      CREATE TABLE networks (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL UNIQUE,
        record TEXT NOT NULL
      ) STRICT;
      CREATE TABLE volumes (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        record TEXT NOT NULL
      ) STRICT;
      CREATE TABLE engine (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    // One image may have come under several manifests, each with blobs of its own: an entry counts as long as an image has the manifest.
    name: 'manifest-blobs',
    sql: `
      CREATE TABLE manifest_blobs (
        manifest TEXT NOT NULL,
        blob TEXT NOT NULL,
        PRIMARY KEY (manifest, blob)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX manifest_blobs_by_blob ON manifest_blobs (blob);
    `,
  },
  {
    // Layers that are kept unpacked only. An entry whose snapshot has gone means nothing and is replaced when the layer comes again.
    name: 'layer-splits',
    sql: `
      CREATE TABLE layer_splits (
        chain_id TEXT PRIMARY KEY,
        diff_id TEXT NOT NULL,
        tar_bytes INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX layer_splits_by_diff ON layer_splits (diff_id);
    `,
  },
  {
    // What was recorded before its files were known to be on the disk, and in which life of the machine. `object` is the image itself or one of
    // its manifests. Triggers, so that whoever records an image cannot leave it out.
    name: 'unsettled-images',
    sql: `
      CREATE TABLE unsettled (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
        object TEXT NOT NULL,
        boot TEXT NOT NULL
      ) STRICT;
      CREATE INDEX unsettled_by_image ON unsettled (image);
      CREATE TRIGGER image_unsettled AFTER INSERT ON images BEGIN
        INSERT INTO unsettled (image, object, boot) VALUES (new.id, new.id, coalesce((SELECT value FROM engine WHERE key = 'running'), ''));
      END;
      CREATE TRIGGER manifest_unsettled AFTER INSERT ON image_manifests BEGIN
        INSERT INTO unsettled (image, object, boot) VALUES (new.image, new.digest, coalesce((SELECT value FROM engine WHERE key = 'running'), ''));
      END;
    `,
  },
];

-- Bytes that an upload may bring, kept for it of what its project may have; 0 while nobody knows how many come.
ALTER TABLE vitrine_uploads ADD COLUMN IF NOT EXISTS reserved bigint NOT NULL DEFAULT 0

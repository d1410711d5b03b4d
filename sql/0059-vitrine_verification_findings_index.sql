-- Findings are read by their run.
ALTER TABLE vitrine_verification_findings
  DROP INDEX IF EXISTS vitrine_verification_findings_image_id

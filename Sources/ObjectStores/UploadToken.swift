/// Whether a text can be an upload's token: 1 to 64 letters and digits, which stand in names and URLs as they are.
func isUploadToken(_ text: some StringProtocol) -> Bool {
    1...64 ~= text.utf8.count && text.utf8.allSatisfy(S3Endpoint.isAlphanumeric)
}

package import Domain
internal import JSONDocument
internal import RegistryWire
internal import Text

extension RegistryClient: UploadCatalog {
    package func begin(_ upload: Upload, by worker: String, claiming claim: QuotaClaim?) throws(Fault) -> Int64? {
        var body: JSONObject = ["upload": .object(upload.wire), "worker": .string(worker)]
        if let claim { body["claim"] = .object(claim.wire) }
        return try ask("POST", "/uploads", body).json["room"]?.int
    }

    package func renew(_ tokens: Set<String>?, heldBy worker: String) throws(Fault) -> Set<String> {
        var body: JSONObject = ["worker": .string(worker)]
        if let tokens { body["tokens"] = .array(tokens.map { .string($0) }) }
        let answer = try askInTime("PUT", "/uploads", body)
        return Set(answer.json["tokens"]?.array?.compactMap(\.string) ?? [])
    }

    package func finish(
        _ upload: Upload, at location: ImageLocation, _ measured: MeasuredBytes, claiming claim: QuotaClaim?, isShown: Bool
    ) throws(Fault) -> Image? {
        var body: JSONObject = [
            "upload": .object(upload.wire), "location": .object(location.wire), "measured": .object(measured.wire),
        ]
        if let claim { body["claim"] = .object(claim.wire) }
        if isShown { body["is_shown"] = true }
        let answer = try ask("POST", "/uploads/\(percentEncoded(upload.token))/finish", body)
        // A registry of the previous release answers without a body.
        return answer.json["image"] != nil ? try image(answer) : nil
    }

    package func abort(_ upload: Upload, as status: ImageStatus, because reason: String) throws(Fault) {
        let body: JSONObject = [
            "upload": .object(upload.wire), "status": .string(status.rawValue), "reason": .string(reason),
        ]
        try ask("POST", "/uploads/\(percentEncoded(upload.token))/give-back", body)
    }
}

extension RegistryClient {
    package func order(_ copy: OrderedCopy) throws(Fault) {
        try ask("POST", "/copies", ["image_id": .string(copy.image.text), "url": .string(copy.url)])
    }
}

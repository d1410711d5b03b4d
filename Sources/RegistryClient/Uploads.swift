package import Domain
internal import HTTP
internal import JSONDocument
internal import RegistryWire

extension RegistryClient: UploadCatalog {
    package func begin(_ upload: Upload, by worker: String) throws(Fault) {
        try ask("POST", "/uploads", ["upload": .object(upload.wire), "worker": .string(worker)])
    }

    package func renew(heldBy worker: String) throws(Fault) -> Set<String> {
        let answer = try ask("PUT", "/uploads", ["worker": .string(worker)])
        return Set(answer.json["tokens"]?.array?.compactMap(\.string) ?? [])
    }

    package func finish(_ upload: Upload, at location: ImageLocation, _ measured: MeasuredBytes) throws(Fault) {
        let body: JSONObject = [
            "upload": .object(upload.wire), "location": .object(location.wire), "measured": .object(measured.wire),
        ]
        try ask("POST", "/uploads/\(percentEncoded(upload.token))/finish", body)
    }

    package func giveBack(_ upload: Upload, as status: ImageStatus) throws(Fault) {
        let body: JSONObject = ["upload": .object(upload.wire), "status": .string(status.rawValue)]
        try ask("POST", "/uploads/\(percentEncoded(upload.token))/give-back", body)
    }
}

extension RegistryClient: CopyCatalog {
    package func order(_ copy: OrderedCopy) throws(Fault) {
        try ask("POST", "/copies", ["image_id": .string(copy.image.text), "url": .string(copy.url)])
    }
}

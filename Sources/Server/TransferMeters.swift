internal import APICommon
internal import HTTP
internal import ServiceMetrics

/// The metrics of image data that clients send and get.
enum TransferMeters {
    private static let http = ServiceMetrics.http

    /// Counts a request that was answered, if it was one with image data.
    ///
    /// - Parameters:
    ///   - received: bytes of its body that were read.
    ///   - sent: bytes of the answer's body that this process sent.
    ///   - isWhole: whether the answer went out whole.
    static func record(_ request: Request, _ answer: API.Answer, received: Int64, sent: Int64, isWhole: Bool, seconds: Double) {
        let isGood = 200..<300 ~= answer.response.status.code
        if let way = upload(request.method, answer.route, isGood: isGood, received: received) {
            http.uploads.add(way, isGood ? .whole : .failed)
            http.uploadedBytes.add(way, by: received)
            http.uploadDurations.record(seconds: seconds, way)
        }
        guard isGood, request.method == .GET else { return }
        switch answer.response.body {
        case .file, .remote: http.downloads.add(.nginx, .begun)
        case .stream:
            http.downloads.add(.worker, isWhole ? .whole : .failed)
            http.downloadedBytes.add(sent)
            http.downloadDurations.record(seconds: seconds)
        case .empty, .bytes, .written: break
        }
    }

    /// The way of an upload; nil for a request that is none, or that was refused before any data was read.
    private static func upload(_ method: Method, _ route: String?, isGood: Bool, received: Int64) -> UploadLabel? {
        guard method == .PUT || method == .POST, let route else { return nil }
        let way: UploadLabel
        switch route {
        case "/v2/images/{image}/file": way = .v2
        case "/v2/images/{image}/stage": way = .stage
        case "/v1/images" where method == .POST, "/v1/images/{image}" where method == .PUT: return received > 0 ? .v1 : nil
        default: return nil
        }
        return isGood || received > 0 ? way : nil
    }
}

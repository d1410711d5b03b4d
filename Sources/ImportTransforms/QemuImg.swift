package import Domain
internal import Glibc
internal import JSONDocument

/// Converts images by the program `qemu-img`, within limits of time, memory and output. The program is always told the declared format, and
/// never gets an image that refers to other files. Source: Glance, the plugin `image_conversion`.
package struct QemuImg: ImageConverter {
    private let settings: ConversionSettings

    /// Makes a converter.
    package init(_ settings: ConversionSettings) { self.settings = settings }

    package var format: String { settings.format.rawValue }

    private static let program = "/usr/bin/qemu-img"
    /// The limits of address space in bytes. Source: Glance, for the first; a conversion needs some megabytes for each of its eight
    /// concurrent requests.
    private static let (lookingMemory, convertingMemory) = (1 << 30, 2 << 30)

    package func convert(
        fileAt path: String, from format: String, to target: String, atMost most: Int64, isCancelled: @escaping () -> Bool,
        note: @escaping (_ done: Double) -> Void
    ) throws(Fault) {
        guard let format = Self.name(of: format) else { throw Fault(.unsupportedMedia, "Images of format \(format) cannot be converted.") }
        // An absolute path is not taken for one of qemu's protocols.
        guard path.hasPrefix("/"), target.hasPrefix("/") else { throw Fault(.unexpected, "A conversion needs whole paths.") }
        try check(path, format, most, isCancelled)
        var limits = Subprocess.Limits(
            seconds: settings.seconds, cpuSeconds: Int(settings.seconds.rounded(.up)), memory: Self.convertingMemory, fileSize: most)
        // Its output is the progress.
        limits.words = 16 << 20
        do throws(Fault) {
            _ = try run(["convert", "-p", "-f", format, "-O", self.format, path, target], limits, isCancelled) { piece in
                if let done = Self.progress(in: piece) { note(done) }
            }
        } catch {
            unlink(target)
            throw error
        }
    }

    /// Checks what `qemu-img` reads in the image before the conversion, even though the image was inspected.
    private func check(_ path: String, _ format: String, _ most: Int64, _ isCancelled: () -> Bool) throws(Fault) {
        let limits = Subprocess.Limits(seconds: 10, cpuSeconds: 2, memory: Self.lookingMemory)
        let said = try run(["info", "--output=json", "-f", format, path], limits, isCancelled) { _ in }
        guard let facts = (try? JSON(parsing: said))?.object, let size = facts["virtual-size"]?.int else {
            throw Fault(.unsupportedMedia, "The image cannot be read for its conversion.")
        }
        let details = facts["format-specific"]?.object?["data"]?.object
        guard facts["backing-filename"] == nil, facts["full-backing-filename"] == nil, details?["data-file"] == nil else {
            throw Fault(.unsupportedMedia, "The image refers to another file and is not converted.")
        }
        guard facts["encrypted"]?.bool != true else { throw Fault(.unsupportedMedia, "The image is encrypted and is not converted.") }
        if let kind = details?["create-type"]?.string, !["monolithicSparse", "streamOptimized"].contains(kind) {
            throw Fault(.unsupportedMedia, "The image is a VMDK of a kind that is not converted.")
        }
        guard size <= most else {
            throw Fault(.tooLarge, "The image unfolds to \(size) bytes, and may have \(most).")
        }
    }

    private func run(
        _ words: [String], _ limits: Subprocess.Limits, _ isCancelled: () -> Bool, heard: (UnsafeRawBufferPointer) -> Void
    ) throws(Fault) -> [UInt8] {
        let outcome: Subprocess.Outcome
        do throws(Subprocess.Failure) {
            outcome = try Subprocess(Self.program, words, limits).run(isCancelled: isCancelled, heard: heard)
        } catch {
            switch error {
            case .cancelled: throw Fault(.gone, "The conversion was cancelled.")
            case .timedOut, .killed(SIGXCPU): throw Fault(.tooLarge, "The conversion of the image took too long.", cause: error)
            case .notStarted: throw Fault(.unavailable, "Images cannot be converted now.", cause: error)
            case .killed, .saidTooMuch: throw Fault(.unsupportedMedia, "The image could not be converted.", cause: error)
            }
        }
        guard outcome.status == 0 else {
            // No signal kills qemu-img then; it reports the error of the write.
            if [EFBIG, ENOSPC].contains(where: { outcome.errors.contains(String(cString: strerror($0))) }) {
                throw Fault(.tooLarge, "The image became too large when it was converted.")
            }
            throw Fault(
                .unsupportedMedia, "The image could not be converted.", cause: Complaint(status: outcome.status, words: outcome.errors))
        }
        return outcome.output
    }

    /// The program's error messages, for the log.
    private struct Complaint: Error { let status: CInt; let words: String }

    /// qemu's name of a disk format; nil for a format that is not converted.
    private static func name(of format: String) -> String? {
        switch format {
        case "raw", "ami", "ari", "aki", "gpt": "raw"
        case "vhd": "vpc"
        case "ploop": "parallels"
        case "qcow2", "vmdk", "vdi", "vhdx": format
        default: nil
        }
    }

    /// The progress in an output such as `    (12.50/100%)`.
    private static func progress(in piece: UnsafeRawBufferPointer) -> Double? {
        let text = String(decoding: piece, as: UTF8.self)
        guard let start = text.lastIndex(of: "("), let end = text[start...].firstIndex(of: "/") else { return nil }
        return Double(text[text.index(after: start)..<end]).map { $0 / 100 }
    }
}

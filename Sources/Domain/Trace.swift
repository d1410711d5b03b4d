/// What is known of the request that a thread works for, for calls that it makes to other services.
package enum Trace {
    @TaskLocal package static var requestID: String?
}

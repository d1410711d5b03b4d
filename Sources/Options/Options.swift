package import OsloConfig

/// All options that have an effect. Names and meanings are Glance's, except in the group `vitrine`.
///
/// To add an option, declare it as a stored property of one of the groups. Nothing else is needed: warnings of unknown names and
/// `glance-manage config list` take it from there.
package struct Options: OptionDeclarations {
    package let api = API()
    package let images = Images()
    package let formats = Formats()
    package let limits = Limits()
    package let deletion = Deletion()
    package let database = Database()
    package let stores = Stores()
    package let locations = Locations()
    package let verification = Verification()
    package let fetching = Fetching()
    package let imports = Imports()
    package let cache = Cache()
    package let signatures = Signatures()
    package let notifications = Notifications()
    package let use = Use()
    package let callers = Callers()
    package let authToken = AuthToken()
    package let osloLimit = OsloLimit()
    package let policy = Policy()
    package let cors = CORSGroup("cors", defaults: .glance)
    package let health = Health()
    package let v1 = V1()
    package let reports = Reports()
    package let processes = Processes()
    package let metrics = Metrics()
    package let log = Log()
    package let openStackMetrics = OpenStackMetrics()

    package static let all: [OptionKey] = options.keys
}

/// The options of this service.
package let options = Options()

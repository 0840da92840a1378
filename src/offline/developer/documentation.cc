#include "offline/developer/project.h"

namespace cadre::offline::developer {

std::vector<ProjectFile> write_documentation(const Model&) { return {}; }

}  // namespace cadre::offline::developer
